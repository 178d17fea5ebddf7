internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// The main command: defends a suspect and evaluates repaired models and detectors.
struct RunCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run", abstract: "Defend a model and evaluate the result.",
      discussion: discussion(
        """
        Without --model, defends the small network that comes with the program, on Fashion-MNIST.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "Defend the small backdoored network that comes with the program",
        "run --defense fine-pruning --detector goodnet"),
      Example(
        "Defend a model, evaluate it on test images, and write the results",
        """
        run --defense fine-pruning --detector goodnet --model suspect.h5 \\
          --clean clean.h5 --test test.h5 --poisoned poisoned.h5 \\
          --scale 1/255 --output results
        """),
      Example(
        "Options from a file, with one changed",
        "run --config run.yaml --option fine-pruning.drops=2,4"),
    ]
  }

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Defenses; repeatable or comma-separated.", valueName: "name"),
    completion: .pluginList { $0.names(of: .defense) })
  var defense: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Detectors; repeatable or comma-separated.", valueName: "name"),
    completion: .pluginList { $0.names(of: .detector) })
  var detector: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Data-set detectors for --train; repeatable or comma-separated.",
      valueName: "name"),
    completion: .pluginList { $0.names(of: .dataSetDetector) })
  var dataSetDetector: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Verdicts on the suspect; repeatable or comma-separated.", valueName: "name"),
    completion: .pluginList { $0.names(of: .verdict) })
  var verdict: [String] = []

  @Option(
    help: ArgumentHelp("The suspect: a Keras or ONNX file, or weights.", valueName: "file"),
    completion: .model)
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A record of BackdoorBench in place of --model and --poisoned: a folder with attack_result.pt.",
      valueName: "folder"),
    completion: .directory)
  var record: String?

  @Option(
    name: .role(.clean),
    help: ArgumentHelp(
      "Clean images for the defense, for most with labels: HDF5, NumPy, or a folder of images.",
      valueName: "file"),
    completion: .dataSet)
  var clean: String?

  @Option(
    name: .role(.test),
    help: ArgumentHelp(
      "Clean images for the evaluation, hidden from the defense.", valueName: "file"),
    completion: .dataSet)
  var test: String?

  @Option(
    name: .role(.poisoned),
    help: ArgumentHelp(
      "Triggered images for the evaluation, with the attacker's labels.", valueName: "file"),
    completion: .dataSet)
  var poisoned: String?

  @Option(
    name: .role(.train),
    help: ArgumentHelp(
      "Training set of the suspect, perhaps poisoned, for data-set detectors.",
      valueName: "file"),
    completion: .dataSet)
  var train: String?

  @OptionGroup var targeting: TargetArgument

  @OptionGroup var grouping: GroupArgument

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of a plugin; repeatable. See 'list'.", valueName: "plugin.name=value"),
    completion: .pluginOptions(of: ComparisonPlan.kinds))
  var option: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of all random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "New folder for the repaired models, the curve and the report.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replace an earlier run's results in the output folder.")
  var force = false

  @Flag(help: "Remove pruned channels from the written models, instead of masking them.")
  var compact = false

  @Option(
    help: ArgumentHelp(
      "Format of the written models; default that of --model.", valueName: "format"))
  var format: ModelFormat?

  @Flag(help: "Replay the pruning sweep on the test sets, and write its curve.")
  var curve = false

  @Flag(help: "Print the report as JSON instead of the table.")
  var json = false

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try arguments.check(DataRole.allCases)
    let isGiven =
      DataRole.allCases.map { ($0.option, sets[$0] != nil) } + [("--group", grouping.group != nil)]
      + arguments.oneModelOptions.map { ($0, true) }
    if record != nil, model != nil {
      throw Failure(option: "--record", "has a model of its own; leave out --model")
    }
    try targeting.check(isUsed: poisoned != nil || record != nil)
    if suspect == nil, let given = isGiven.first(where: \.1) {
      throw Failure(option: given.0, "needs --model; without it the built-in network is used")
    }
    if grouping.group != nil, clean == nil {
      throw Failure(option: "--group", "needs --clean, the images that it splits")
    }
    if curve, suspect != nil, test == nil, poisoned == nil, record == nil {
      throw Failure(option: "--curve", "needs --test or --poisoned to replay the sweep on")
    }
    let written = [
      ("--force", force), ("--compact", compact), ("--format", format != nil),
    ]
    if output == nil, let given = written.first(where: \.1) {
      throw Failure(option: given.0, "needs --output")
    }
  }

  func run(in session: Session) throws {
    try check()
    let start = Date()
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let defenses = try names(defense).map { name throws(PluginError) in
      try session.plugins.defense(named: name, settings: settings)
    }
    let detectors = try names(detector).map { name throws(PluginError) in
      try session.plugins.detector(named: name, settings: settings)
    }
    let dataSetDetectors = try names(dataSetDetector).map { name throws(PluginError) in
      try session.plugins.dataSetDetector(named: name, settings: settings)
    }
    let verdicts = try names(verdict).map { name throws(PluginError) in
      try session.plugins.verdict(named: name, settings: settings)
    }
    let plugins: [any Plugin] = defenses + detectors + dataSetDetectors + verdicts
    try session.plugins.check(settings, used: plugins.map { type(of: $0).name })
    try check(plugins)
    let inputs = ([suspect] + DataRole.allCases.map { sets[$0] } + [arguments.architecture])
      .compactMap { $0 }
    let folder = try output.map { path in
      try OutputFolder(path, force: force, inputs: inputs)
    }

    var context = context(arguments.execution, seed: seed)
    context.plugins = session.plugins
    let known = try record.map { path throws(FileError) in
      try BackdoorRecord(folder: path, sandbox: context.sandbox)
    }
    let experiment = try files(known).experiment(
      for: plugins.map { type(of: $0) }, besides: session.plugins.types, replaysCurves: curve,
      sandbox: context.sandbox)
    arguments.execution.parsing.warn(in: context)
    let format = format ?? ModelFile.format(of: experiment.suspect)
    // Before hours of work, not after.
    if folder != nil, !defenses.isEmpty {
      try ModelFile.checkWriting(experiment.suspect, as: format, isCompact: compact)
      // Detectors that compare models are networks of their own.
      if format.holdsOnlyWeights, detectors.contains(where: { type(of: $0).comparesModels }) {
        try ModelFile.checkWriting(experiment.suspect, as: .onnx)
      }
    }
    let given = experiment.inputs(hasRepairedModel: !defenses.isEmpty)
    for plugin in plugins {
      try given.check(plugin, besides: session.plugins.types)
    }
    let evaluation = try experiment.run(
      defenses, detectors, verdicts: verdicts, dataSetDetectors: dataSetDetectors, in: context)
    guard json || folder != nil else {
      return try StandardOutput.write(summary(evaluation))
    }
    let artifacts = try Artifacts(
      experiment.suspect, evaluation, detectors, compact: compact, as: format,
      isWritten: folder != nil)
    var report = try Report(
      of: experiment, artifacts.evaluation, by: plugins, layout: arguments.data.layout,
      group: grouping.group, isCompact: compact, in: context)
    report.environment = RunEnvironment.json(
      context, start: start,
      paths: [
        ("model", suspect)
      ] + DataRole.allCases.map { ($0.rawValue, sets[$0]) } + [
        ("architecture", arguments.architecture), ("output", output),
      ])
    let text = report.json.text
    try folder?.write { try artifacts.write(to: $0, report: text) }
    try StandardOutput.write(json ? text : summary(evaluation))
  }

  /// Checks that the options provide what the plugins require.
  private func check(_ plugins: [any Plugin]) throws(Failure) {
    if plugins.isEmpty {
      throw Failure(
        Failure.usage, "name a defense with --defense, such as --defense fine-pruning")
    }
    let types = plugins.map { type(of: $0) }
    func first(_ isMeant: (any Plugin.Type) -> Bool) -> String? {
      types.first(where: isMeant).map { $0.name }
    }
    if !types.contains(where: { $0.kind == .defense }),
      let name = first({ $0.requirements.contains(.repairedModel) })
    {
      throw Failure(
        Failure.usage,
        "\(name) compares the model with repaired copies; name a defense with --defense, such as "
          + "--defense fine-pruning", about: .plugin(name))
    }
    if train == nil, let name = first({ $0.requirements.contains(.trainingData) }) {
      throw Failure(
        Failure.usage,
        "\(name) examines the training set; give it with --train"
          + (suspect == nil ? ", and its model with --model" : ""), about: .plugin(name))
    }
    guard suspect != nil, clean == nil else { return }
    if let name = plugins.first(where: { $0.needsCleanData }).map({ type(of: $0).name }) {
      throw Failure(option: "--model", "needs --clean, the clean images that \(name) works with")
    }
  }

  /// Splits at commas and removes duplicates.
  private func names(_ arguments: [String]) -> [String] {
    var result: [String] = []
    for name in commaSeparated(arguments) where !result.contains(name) { result.append(name) }
    return result
  }

  /// The file of the suspect; nil for the built-in network.
  private var suspect: String? { record.map(BackdoorRecord.weights) ?? model }

  /// The files of the data sets.
  private var sets: [DataRole: String] {
    [.clean: clean, .test: test, .poisoned: poisoned, .train: train].compactMapValues { $0 }
  }

  private func files(_ record: BackdoorRecord?) throws(Failure) -> ModelFiles {
    guard let suspect else { return .builtIn }
    var files = arguments.files(of: suspect, sets: sets)
    files.format.target = targeting.target
    if let record { try files.take(record, besides: arguments) }
    files.format.group = grouping.group.map { "\($0)" }
    return files
  }

  private func summary(_ evaluation: Evaluation) -> String {
    let said =
      evaluation.verdicts.map { $0.result.text(by: $0.verdict) }
      + evaluation.dataSets.map(\.text)
    var text = said.joined(separator: "\n")
    let isTableEmpty =
      evaluation.repairs.isEmpty && evaluation.suspectDetectors.isEmpty
      && evaluation.suspect.test == nil && evaluation.suspect.poisoned == nil
    if !isTableEmpty {
      text += (text.isEmpty ? "" : "\n") + Style.output.headed(evaluation.table)
    }
    if let note = evaluation.note { text += "\n\(note)\n" }
    let tuning = evaluation.tuningLines
    if !tuning.isEmpty { text += "\n" + tuning.joined(separator: "\n") + "\n" }
    let groups = evaluation.groupLines
    if !groups.isEmpty { text += "\n" + groups.joined(separator: "\n") + "\n" }
    let nonfinite = evaluation.nonfiniteLines + evaluation.noVerdictLines
    if !nonfinite.isEmpty { text += "\n" + nonfinite.joined(separator: "\n") + "\n" }
    if let output {
      let what =
        evaluation.repairs.isEmpty
        ? "The report is"
        : evaluation.curves.isEmpty ? "Models and report are" : "Models, curve and report are"
      text += "\n\(what) in \(output).\n"
    }
    return text
  }
}
