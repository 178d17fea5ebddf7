internal import ArgumentParser
internal import DefenseKit

/// Evaluates any model: clean accuracy and attack success rate.
struct EvaluateCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "evaluate", abstract: "Measure a model's accuracy and attack success.",
      discussion: discussion())
  }

  static var examples: [Example] {
    [
      Example("Accuracy on clean images", "evaluate suspect.h5 --test test.h5 --scale 1/255"),
      Example(
        "Accuracy and attack success of a repaired model, as JSON",
        "evaluate repaired.h5 --test test.h5 --poisoned poisoned.h5 --json"),
    ]
  }

  @Argument(
    help: "Keras .h5 file: a suspect, a repaired model or GoodNet.",
    completion: .hdf5)
  var model: String

  @Option(
    help: ArgumentHelp("Clean images (HDF5, data and label).", valueName: "file"),
    completion: .hdf5)
  var test: String?

  @Option(
    help: ArgumentHelp(
      "Triggered images with the attacker's labels.", valueName: "file"),
    completion: .hdf5)
  var poisoned: String?

  @OptionGroup var arguments: ModelArguments

  @Flag(help: "Print counts as JSON.")
  var json = false

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try arguments.check(roles: ["test", "poisoned"])
    if test == nil, poisoned == nil {
      throw Failure(Failure.usage, "give --test, --poisoned or both")
    }
  }

  func run(in session: Session) throws {
    try check()
    let context = context(arguments.execution)
    let experiment = try arguments.files(
      of: model, test: test, poisoned: poisoned
    ).experiment(sandbox: context.sandbox)
    let (model, test) = (experiment.suspect, experiment.test)
    arguments.execution.parsing.warn(in: context)
    let result = try Evaluation.ModelResult(
      of: model, test: test, poisoned: experiment.poisoned, in: context)
    if let test, let clean = result.clean {
      context.checkBaseline(
        correct: clean.correct, images: clean.images, of: model, on: test.name)
    }
    try StandardOutput.write(json ? result.json.text : Self.text(result))
  }

  /// Returns the results as text, with the counts behind each share.
  static func text(_ result: Evaluation.ModelResult) -> String {
    var lines: [String] = []
    if let clean = result.clean {
      lines.append(
        "Clean accuracy:       \(percent(clean.accuracy)) (\(clean.correct) of \(clean.images))")
    }
    if let attack = result.poisoned {
      let counts = attack.counted
      lines.append(
        "Attack success rate:  \(percent(counts.successRate)) (\(counts.hits) of \(counts.images))")
      if let all = attack.all, all != counts {
        lines.append(
          "  including images of the target class:  \(percent(all.successRate)) (\(all.hits) of "
            + "\(all.images))")
      }
    }
    let attack = result.poisoned.map { $0.all ?? $0.counted }
    for (count, images, name) in [
      (result.clean?.nonfinite ?? 0, result.clean?.images ?? 0, "clean"),
      (attack?.nonfinite ?? 0, attack?.images ?? 0, "poisoned"),
    ] where count > 0 {
      lines.append(
        "No class:             \(count) of \(images) \(name) images (NaN or infinite values)"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
