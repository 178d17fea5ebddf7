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
    help: "A suspect, a repaired model or GoodNet: Keras, ONNX, or weights.",
    completion: .model)
  var model: String

  @Option(
    name: .role(.test),
    help: ArgumentHelp("Clean images (HDF5, data and label).", valueName: "file"),
    completion: .dataSet)
  var test: String?

  @Option(
    name: .role(.poisoned),
    help: ArgumentHelp(
      "Triggered images with the attacker's labels.", valueName: "file"),
    completion: .dataSet)
  var poisoned: String?

  @OptionGroup var targeting: TargetArgument

  @OptionGroup var arguments: ModelArguments

  @Flag(help: "Print counts as JSON.")
  var json = false

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try arguments.check([.test, .poisoned])
    if test == nil, poisoned == nil {
      throw Failure(Failure.usage, "give --test, --poisoned or both")
    }
    try targeting.check(isUsed: poisoned != nil)
  }

  func run(in session: Session) throws {
    try check()
    let context = context(arguments.execution)
    var files = arguments.files(of: model, sets: [.test: test, .poisoned: poisoned])
    files.format.target = targeting.target
    let experiment = try files.experiment(sandbox: context.sandbox)
    let (model, test) = (experiment.suspect, experiment.test)
    arguments.execution.parsing.warn(in: context)
    let result = try Evaluation.ModelResult(
      of: model, test: test, poisoned: experiment.poisoned, in: context)
    if let test, let counts = result.test {
      context.checkBaseline(
        correct: counts.correct, images: counts.images, of: model, on: test)
    }
    try StandardOutput.write(json ? Self.json(result).text : Self.text(result))
  }

  /// The schema of the JSON that this version prints.
  static let schema = 2

  private static func json(_ result: Evaluation.ModelResult) -> JSON {
    guard case .object(let members) = result.json else { return result.json }
    return .object([.init("schema", .int(schema))] + members)
  }

  /// Returns the results as text, with the counts behind each share.
  static func text(_ result: Evaluation.ModelResult) -> String {
    var lines: [String] = []
    if let test = result.test {
      lines.append(
        "Clean accuracy:       \(percent(test.accuracy)) (\(test.correct) of \(test.images))")
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
    for (count, images, role) in [
      (result.test?.nonfinite ?? 0, result.test?.images ?? 0, DataRole.test),
      (attack?.nonfinite ?? 0, attack?.images ?? 0, .poisoned),
    ] where count > 0 {
      lines.append(
        "No class:             \(count) of \(images) \(role.rawValue) images (NaN or infinite values)"
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
