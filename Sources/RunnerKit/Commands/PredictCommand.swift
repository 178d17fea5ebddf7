internal import ArgumentParser
internal import DefenseKit

/// Classifies the images of a data set, flagging what a detector holds to be triggered.
struct PredictCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "predict", abstract: "Print a class for every image of a data set.",
      discussion: """
        Prints one class a line, counted from 0. With --repaired and --detector, images that the \
        detector flags get the number of classes, N, instead. An image whose values become NaN or \
        infinite on the way has no class: its line is the word 'nonfinite'.
        """)
  }

  @Argument(help: "A Keras .h5 file: the suspect, a repaired model or GoodNet.")
  var model: String

  @Option(help: ArgumentHelp("Images (HDF5, data and label).", valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("A repaired copy of the model, for the detector.", valueName: "file"))
  var repaired: String?

  @Option(help: ArgumentHelp("A detector, which needs --repaired.", valueName: "name"))
  var detector: String?

  @Option(help: ArgumentHelp("Clean images that the detector may learn from.", valueName: "file"))
  var clean: String?

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("An option of the detector; see 'list'.", valueName: "plugin.name=value"))
  var option: [String] = []

  /// Checks what goes together; done last, so that an unknown option is named first.
  private func check() throws {
    try arguments.check()
    if (repaired == nil) != (detector == nil) {
      throw ValidationError("--repaired and --detector need each other")
    }
    if detector == nil, clean != nil { throw ValidationError("--clean needs --detector") }
    if detector == nil, !option.isEmpty { throw ValidationError("--option needs --detector") }
  }

  func run(in session: Session) throws {
    try check()
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let detector = try detector.map { name throws(PluginError) in
      try session.plugins.detector(named: name, settings: settings)
    }
    try session.plugins.check(settings, used: [self.detector].compactMap { $0 })
    let suspect = try arguments.load(model)
    let data = try arguments.data(data, for: suspect)
    let context = RunContext(execution: arguments.execution, progress: ProgressLine())
    let classes: [Int32]
    do {
      classes = try self.classes(of: data, suspect, detector, in: context)
    } catch let error as SampleError {
      throw DataError(error, in: data.name)
    }
    let broken = classes.indices.filter { classes[$0] == noClass }
    if let first = broken.first {
      context.warn(
        "\(data.name): no class for \(broken.count) of \(classes.count) images, the first is image "
          + "\(first): values on the way are NaN or infinite; their lines say 'nonfinite'")
    }
    try StandardOutput.write(
      classes.map { $0 == noClass ? "nonfinite\n" : "\($0)\n" }.joined())
  }

  private func classes(
    of data: DataSet, _ suspect: Model, _ detector: (any Detector)?, in context: RunContext
  ) throws -> [Int32] {
    if let detector, let repaired {
      let copy = try KerasModel.load(
        repaired, architecture: arguments.architecture, inputScale: suspect.inputScale)
      let clean = try clean.map { try CleanData(arguments.data($0, for: suspect)) }
      return try detector.labels(
        of: data, suspect: suspect, repaired: copy, using: clean, in: context)
    }
    let executor = try Executor([suspect], options: context.execution)
    return try context.phase("predicting", images: data.count) {
      try executor.predictions(for: data, progress: $0)
    }[0]
  }
}
