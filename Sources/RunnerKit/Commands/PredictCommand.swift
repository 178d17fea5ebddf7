internal import ArgumentParser
internal import DefenseKit

/// Classifies image files or the images of a data set; a detector may flag images.
struct PredictCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "predict", abstract: "Print a class for every image.",
      discussion: discussion(
        """
        Reads PNG, JPEG and PPM files, or a data set with --data. Prints one class per line, \
        counted from 0, in the order of the images. With --detector, flagged images get N, the \
        number of classes (counted from 1: N + 1). An image for which the model computes NaN or \
        infinite values has no class; its line is 'nonfinite'. An image that the detector cannot \
        judge has none either; its line is 'no verdict'.

        An image must have the size of the model's input. Its stored samples, 0 to 255, are \
        multiplied by --scale. Models for colour images accept grey images. Models for grey images \
        refuse colours, and all models refuse transparency.
        """))
  }

  static var examples: [Example] {
    [
      Example("Classify images", "predict model.h5 cat.png dog.png --scale 1/255"),
      Example(
        "Classify a data set; images that GoodNet flags get the class N",
        """
        predict suspect.h5 --repaired repaired.h5 --detector goodnet \\
          --data test.h5
        """),
    ]
  }

  @Argument(
    help: "A suspect, a repaired model or GoodNet: Keras, ONNX, or weights.",
    completion: .model)
  var model: String

  @Argument(
    help: ArgumentHelp("Images to classify.", valueName: "image"),
    completion: .file(extensions: ["png", "jpg", "jpeg", "ppm", "pgm"]))
  var images: [String] = []

  @Option(
    help: ArgumentHelp("Data set to classify instead (HDF5, data and label).", valueName: "file"),
    completion: .hdf5)
  var data: String?

  @Option(
    help: ArgumentHelp("Repaired copy of the model, for the detector.", valueName: "file"),
    completion: .model)
  var repaired: String?

  @Option(
    help: ArgumentHelp(
      "Detector to use; most compare the model with --repaired.", valueName: "name"),
    completion: .plugins { $0.names(of: .detector) })
  var detector: String?

  @Option(
    name: .role(.clean),
    help: ArgumentHelp("Clean images that the detector may use.", valueName: "file"),
    completion: .dataSet)
  var clean: String?

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of the detector; repeatable. See 'list'.", valueName: "plugin.name=value"),
    completion: .pluginOptions(of: [.detector]))
  var option: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seed of the detector's random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try arguments.check([.clean], besides: ["data"])
    if images.isEmpty, data == nil {
      throw Failure(
        Failure.usage, "name images to classify, or a data set with --data")
    }
    if !images.isEmpty, data != nil {
      throw Failure(Failure.usage, "give images or --data, not both")
    }
    if repaired != nil, detector == nil { throw Failure(option: "--repaired", "needs --detector") }
    if detector == nil, clean != nil { throw Failure(option: "--clean", "needs --detector") }
    if detector == nil, !option.isEmpty { throw Failure(option: "--option", "needs --detector") }
  }

  func run(in session: Session) throws {
    try check()
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let detector = try detector.map { name throws(PluginError) in
      try session.plugins.detector(named: name, settings: settings)
    }
    try session.plugins.check(settings, used: [self.detector].compactMap { $0 })
    if let detector, type(of: detector).comparesModels != (repaired != nil) {
      let name = type(of: detector).name
      throw repaired == nil
        ? Failure(
          option: "--detector",
          "\(name) needs --repaired, a repaired copy to compare the model with")
        : Failure(
          option: "--repaired", "has no effect, because \(name) examines one model; leave it out")
    }
    let context = context(arguments.execution, seed: seed)
    let suspect = try files.load(model, sandbox: context.sandbox)
    let material = try material(for: suspect)
    arguments.execution.parsing.warn(in: context)
    for note in suspect.notes + material.notes { context.warn(note) }
    let predictions: [Prediction]
    do {
      predictions = try self.predictions(for: material.source, suspect, detector, in: context)
    } catch let error as SampleError {
      throw material.error(error)
    }
    let broken = predictions.indices.filter { predictions[$0] == .undefined }
    if let first = broken.first {
      context.warn(
        "\(material.title): no class for \(broken.count) of \(predictions.count) images (first: "
          + "\(material.name(of: first))): the model computed NaN or infinite values; their lines "
          + "say 'nonfinite'")
    }
    let unjudged = predictions.indices.filter { predictions[$0] == .noVerdict }
    if let first = unjudged.first {
      context.warn(
        "\(material.title): \(self.detector ?? "") has no verdict on \(unjudged.count) of "
          + "\(predictions.count) images (first: \(material.name(of: first))); their lines say 'no "
          + "verdict'")
    }
    try StandardOutput.write(
      predictions.map { Self.line($0, classCount: suspect.classCount) + "\n" }.joined())
  }

  /// The class, counted from 0; the number of classes for a flagged image.
  private static func line(_ prediction: Prediction, classCount: Int) -> String {
    switch prediction {
    case .class(let number): "\(number)"
    case .flagged: "\(classCount)"
    case .noVerdict: "no verdict"
    case .undefined: "nonfinite"
    }
  }

  /// The images to classify.
  private enum Material {
    case files(ImageFiles)
    case data(DataSet)

    var source: any SampleSource {
      switch self {
      case .files(let files): files
      case .data(let data): data
      }
    }

    var notes: [String] {
      switch self {
      case .files: []
      case .data(let data): data.notes
      }
    }

    var title: String {
      switch self {
      case .files: "image files"
      case .data(let data): data.name
      }
    }

    func name(of image: Int) -> String {
      switch self {
      case .files(let files): files.paths[image].visible
      case .data: "image \(image)"
      }
    }

    func error(_ error: SampleError) -> DataError {
      switch self {
      case .files(let files): DataError(error.problem, about: .file(files.paths[error.index]))
      case .data(let data): DataError(error, in: data.name)
      }
    }
  }

  private func material(for suspect: Model) throws -> Material {
    let sandbox = arguments.execution.parsing.sandbox
    if let data {
      return .data(try files.data(data, as: "data", for: suspect, sandbox: sandbox))
    }
    return .files(
      try ImageFiles(
        images, for: suspect.graph.inputShape, fitting: suspect.preprocessing.fitting,
        sandbox: sandbox))
  }

  private var files: ModelFiles { arguments.files(of: model) }

  private func predictions(
    for images: any SampleSource, _ suspect: Model, _ detector: (any Detector)?,
    in context: RunContext
  ) throws -> [Prediction] {
    if let detector {
      let copy = try repaired.map { try files.loadCopy($0, sandbox: context.sandbox) }
      let clean = try clean.map {
        try files.clean($0, for: suspect, [type(of: detector)], sandbox: context.sandbox)
      }
      for note in clean?.notes ?? [] { context.warn(note) }
      return try detector.predictions(
        for: images, suspect: suspect, repaired: copy.map { Repair($0) }, using: clean, in: context)
    }
    let executor = try Executor([suspect], options: context.execution)
    return try context.phase("predicting", images: images.count) {
      try executor.predictions(for: images, progress: $0)
    }[0]
  }
}
