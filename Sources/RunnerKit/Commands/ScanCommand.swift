internal import ArgumentParser
internal import DefenseKit

/// Judges whether a model has a backdoor.
struct ScanCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "scan", abstract: "Judge whether a model has a backdoor, and for which class.",
      discussion: discussion(
        """
        Each verdict comes from one method. Every method misses some attacks and suspects some \
        honest models. The exit status is 1 if any method finds a backdoor, else 0. To audit the \
        file itself, use 'inspect'.
        """))
  }

  static var examples: [Example] {
    [
      Example("All methods that need the model alone", "scan suspect.h5"),
      Example(
        "One method with an option, as JSON",
        "scan suspect.h5 --verdict free-eagle --option free-eagle.steps=2000 --json"),
    ]
  }

  @Argument(
    help: "Keras .h5 file.",
    completion: .hdf5)
  var model: String

  @Option(
    help: ArgumentHelp(
      "Methods to use; repeatable or comma-separated. By default all whose requirements are met.",
      valueName: "name"),
    completion: .pluginList { $0.names(of: .verdict) })
  var verdict: [String] = []

  @Option(
    name: .role(.clean),
    help: ArgumentHelp(
      "Clean images (HDF5, data and label), for methods that need them.", valueName: "file"),
    completion: .hdf5)
  var clean: String?

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of a plugin; repeatable. See 'list'.", valueName: "plugin.name=value"),
    completion: .pluginOptions(of: [.verdict]))
  var option: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of all random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @Flag(help: "Print the verdicts as JSON.")
  var json = false

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try arguments.check([.clean])
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let names = verdict.isEmpty ? session.plugins.names(of: .verdict) : commaSeparated(verdict)
    let scanners = try names.map { name throws(PluginError) in
      try session.plugins.verdict(named: name, settings: settings)
    }
    try session.plugins.check(settings, used: names)
    let context = context(arguments.execution, seed: seed)
    let experiment = try arguments.files(of: model, sets: [.clean: clean])
      .experiment(sandbox: context.sandbox)
    arguments.execution.parsing.warn(in: context)
    // A named method must be able to run; without names, those run that can.
    let applicable = try scanners.filter { scanner in
      let inputs = experiment.inputs()
      if verdict.isEmpty { return inputs.satisfy(type(of: scanner)) }
      try inputs.check(type(of: scanner), besides: session.plugins.types)
      return true
    }
    guard !applicable.isEmpty else {
      // Throws the error about the first method's missing input.
      try scanners.first.map { try experiment.inputs().check(type(of: $0)) }
      throw Failure(Failure.usage, "this program has no verdicts on models")
    }
    let verdicts = try applicable.map { try experiment.verdict(by: $0, in: context) }
    try StandardOutput.write(
      json
        ? Self.json(verdicts, of: experiment.suspect).text
        : verdicts.map { $0.result.text(by: $0.verdict) }.joined(separator: "\n"))
    if verdicts.contains(where: \.result.isBackdoored) { throw Failure(Failure.findings, nil) }
  }

  /// The schema of the JSON that this version prints.
  static let schema = 1

  private static func json(
    _ verdicts: [Evaluation.VerdictResult], of model: Model
  ) -> JSON {
    .object([
      .init("schema", .int(schema)), .init("model", .string(model.name)),
      .init(
        "backdoored", .bool(verdicts.contains { $0.result.isBackdoored })),
      .init("verdicts", .object(verdicts.map { .init($0.verdict, $0.result.json) })),
    ])
  }
}
