internal import ArgumentParser
internal import ComparisonReport
internal import DefenseKit
private import Foundation

/// Judges whether a model has a backdoor.
struct ScanCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "scan", abstract: "Judge whether a model has a backdoor, and for which class.",
      discussion: discussion(
        """
        Without a model, scans the small network that comes with the program. Each verdict comes \
        from one method. Every method misses some attacks and suspects some honest models. A method that the model does not suit gives no verdict and says what it \
        needs. Clean images need no labels; without labels, the classes that the model gives stand \
        in for them. The exit status is 1 if any method finds a backdoor, else 0. The audit of the \
        file is listed and does not change the status; 'inspect' decides on it.
        """))
  }

  static var examples: [Example] {
    [
      Example("The small backdoored network that comes with the program", "scan"),
      Example(
        "All methods, with a page, the triggers found and a report",
        "scan suspect.h5 --clean images.h5 --output scan"),
      Example(
        "One method with an option, as JSON",
        """
        scan suspect.h5 --verdict free-eagle --option free-eagle.steps=2000 \\
          --json
        """),
    ]
  }

  @Argument(
    help: "Keras or ONNX file, or weights; by default the small network of the program.",
    completion: .model)
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Methods to use; repeatable or comma-separated. By default all whose requirements are met, "
        + "but those that take minutes for the model's classes.",
      valueName: "name"),
    completion: .pluginList { $0.names(of: .verdict) })
  var verdict: [String] = []

  @Option(
    name: .role(.clean),
    help: ArgumentHelp(
      "Clean images for methods that need them: HDF5, NumPy, or a folder of PNG and JPEG "
        + "files.",
      valueName: "file"),
    completion: .dataSet)
  var clean: String?

  @Option(
    name: .role(.test),
    help: ArgumentHelp(
      "Clean images hidden from the methods: for the accuracy, and to show triggers on.",
      valueName: "file"),
    completion: .dataSet)
  var test: String?

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

  @Option(
    help: ArgumentHelp(
      "New folder for the page, the report, the findings and the triggers found.",
      valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replace an earlier run's results in the output folder.")
  var force = false

  @Flag(help: "Print the report as JSON instead of the table.")
  var json = false

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try check()
    if output == nil, force { throw Failure(option: "--force", "needs --output") }
    let start = Date()
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let names = verdict.isEmpty ? session.plugins.names(of: .verdict) : commaSeparated(verdict)
    let scanners = try names.map { name throws(PluginError) in
      try session.plugins.verdict(named: name, settings: settings)
    }
    try session.plugins.check(settings, used: names)
    guard !scanners.isEmpty else {
      throw Failure(Failure.usage, "this program has no verdicts on models")
    }
    let folder = try output.map { path in
      try OutputFolder(
        path, force: force,
        inputs: [model, clean, test, arguments.architecture].compactMap { $0 })
    }
    let context = context(arguments.execution, seed: seed)
    let (path, suspect, images) = try opened(in: context)
    let experiment = try Experiment(suspect: suspect, clean: images.clean, test: images.test)
    arguments.execution.parsing.warn(in: context)
    if !verdict.isEmpty {
      // A named method must have its images; without names, those run that can.
      for scanner in scanners {
        do {
          try experiment.inputs().check(scanner, besides: session.plugins.types)
        } catch let error where scanners.count == 1 || error.code != .unsuitableModel {
          throw error
        } catch {
          // Becomes an omission.
        }
      }
    }
    var scan = try self.scan(experiment, by: scanners, labelled: images.labelled, in: context)
    scan.audit = try context.phase("auditing the file", images: 0) { _ in
      try ModelAudit(
        path, architecture: arguments.architecture, outputLayer: arguments.outputLayer,
        sandbox: context.sandbox)
    }
    if folder != nil { scan = ScanArtifacts(scan).scan }
    scan.steps = try ScanSteps(self, of: path, images).steps(after: scan, session.plugins)
    if json || folder != nil {
      let report = try scan.json(
        of: experiment, by: scanners, layout: arguments.data.layout,
        environment: RunEnvironment.json(
          context, start: start,
          paths: [
            ("model", model), (DataRole.clean.rawValue, clean), (DataRole.test.rawValue, test),
            ("architecture", arguments.architecture), ("output", output),
          ]), in: context
      ).text
      if let folder {
        let page = try context.phase("drawing", images: 0) { _ in
          try ScanPage(
            scan, images: images.test ?? images.clean, notes: try notes(scan, context),
            warnings: context.statistics.warnings
          ).html
        }
        try folder.write {
          try ScanArtifacts.write(scan, page: page, report: report, to: $0)
        }
      }
      if json { try StandardOutput.write(report) }
    }
    if !json { try StandardOutput.write(Style.output.headed(summary(scan))) }
    if scan.isBackdoored { throw Failure(Failure.findings, nil) }
  }

  /// Checks combinations of options.
  private func check() throws {
    try arguments.check([.clean, .test])
    guard model == nil else { return }
    let given =
      [("--clean", clean != nil), ("--test", test != nil)].filter(\.1).map(\.0)
      + arguments.oneModelOptions
    if let option = given.first {
      throw Failure(option: option, "needs a model; without one the built-in network is scanned")
    }
  }

  /// Opens the model and its images; the path is that of the model's file.
  private func opened(in context: RunContext) throws -> (String, Model, Images) {
    guard let model else {
      let experiment = try EmbeddedDefault.experiment(sandbox: context.sandbox)
      return (
        try EmbeddedDefault.find().model, experiment.suspect,
        Images(clean: experiment.clean, test: experiment.test)
      )
    }
    let files = arguments.files(of: model)
    let suspect = try files.load(model, sandbox: context.sandbox)
    for note in suspect.notes { context.warn(note) }
    return (model, suspect, try Images(self, files, for: suspect, in: context))
  }

  /// Asks the methods; those that are slow for the model's classes only if they are named.
  private func scan(
    _ experiment: Experiment, by scanners: [any ModelScanner], labelled: CleanData?,
    in context: RunContext
  ) throws -> ModelScan {
    let classes = experiment.suspect.classCount
    func limit(_ scanner: any ModelScanner) -> Int? {
      type(of: scanner).largestUnnamedClassCount.flatMap { $0 < classes ? $0 : nil }
    }
    let slow = verdict.isEmpty ? scanners.filter { limit($0) != nil } : []
    let names = slow.map { type(of: $0).name }
    let advice = "name \(alternatives(names)) with --verdict"
    guard slow.count < scanners.count else {
      throw Failure(
        Failure.usage, "every method takes minutes for a model with \(classes) classes; \(advice)")
    }
    var scan: ModelScan
    do {
      scan = try experiment.scan(
        by: slow.isEmpty ? scanners : scanners.filter { limit($0) == nil }, labelled: labelled,
        in: context)
    } catch let error as PluginError where !slow.isEmpty {
      throw PluginError(
        error.code, error.problem, about: error.subject,
        remedies: error.remedies + [.advice(advice)])
    }
    scan.omissions += slow.map { scanner in
      let name = type(of: scanner).name
      let limit = limit(scanner) ?? 0
      let why = limit > 0 ? "more than \(limit) classes" : "takes minutes"
      return .init(
        verdict: name, reason: "left out: \(name) (\(why)); --verdict \(name) runs it",
        lacksImages: false)
    }
    return scan
  }

  /// Returns the scan as text, with the place of the results.
  private func summary(_ scan: ModelScan) -> String {
    guard let output else { return scan.text }
    let path = output.hasSuffix("/") ? output : "\(output)/"
    return scan.text
      + "\nAll results are in \(output.visible); the page is \((path + ScanArtifacts.page).visible).\n"
  }

  /// Returns the facts about the run for the page.
  private func notes(
    _ scan: ModelScan, _ context: RunContext
  ) throws -> [ComparisonReport.Note] {
    let paths = [
      ("Model", model ?? ModelFiles.builtInName), ("Clean images", clean), ("Test images", test),
    ]
    return paths.compactMap { name, path in path.map { .init(name, $0) } } + [
      .init("SHA-256 of the model", scan.suspect.source?.sha256 ?? "–"),
      .init("Seed", "\(seed)"),
      .init(
        "Options",
        option.isEmpty ? "defaults of all plugins" : option.joined(separator: ", ")),
      .init("Threads", "\(context.execution.threads)"),
    ]
  }

  /// The schema of the JSON that this version prints and writes.
  static let schema = ModelScan.schema

  /// The clean images of a scan, which need no labels.
  struct Images {
    /// The images that methods may use.
    private(set) var clean: CleanData?
    /// The images that methods do not see.
    private(set) var test: CleanData?
    /// The roles whose files have labels.
    private(set) var labelledRoles: Set<DataRole> = []

    /// Creates images with labels.
    init(clean: CleanData?, test: CleanData?) {
      (self.clean, self.test) = (clean, test)
      labelledRoles = [.clean, .test]
    }

    /// Opens the data sets of a scan.
    ///
    /// Where a file has no labels, the suspect's answers stand in for them.
    init(
      _ command: ScanCommand, _ files: ModelFiles, for suspect: Model, in context: RunContext
    ) throws {
      func images(_ path: String?, _ role: DataRole) throws -> CleanData? {
        guard let path else { return nil }
        let data = try files.data(
          path, as: role.rawValue, for: suspect, requiresLabels: false, sandbox: context.sandbox)
        guard !data.isLabelled else {
          labelledRoles.insert(role)
          return try CleanData(data)
        }
        context.warn(
          "\(path.visible): has no labels; the classes that the model gives stand in for them")
        let executor = try Executor([suspect], options: context.execution)
        let predictions = try context.phase("classifying", images: data.count) {
          try executor.predictions(for: data, progress: $0)
        }[0]
        let labels = predictions.map { prediction -> Int32 in
          if case .class(let number) = prediction { Int32(number) } else { 0 }
        }
        return try CleanData(
          data, labels: labels, isLabelled: false, groups: data.groups, name: data.name,
          notes: data.notes,
          hash: { try data.sha256() })
      }
      clean = try images(command.clean, .clean)
      test = try images(command.test, .test)
    }

    /// The labelled images to measure the accuracy on: the test images, else the clean ones.
    var labelled: CleanData? {
      if labelledRoles.contains(.test) { return test }
      return labelledRoles.contains(.clean) ? clean : nil
    }
  }
}
