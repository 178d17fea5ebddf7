internal import ArgumentParser
internal import DefenseKit

/// Writes a training set without the images that a data-set detector drops.
struct CleanDataCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "clean-data", abstract: "Drop suspicious images from a training set.",
      discussion: discussion(
        """
        Scores a training set with a data-set detector and a model that was trained on it, and \
        writes the images that are left, which 'train' takes. See 'list' for data-set detectors.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "Drop images by their spectral signatures",
        """
        clean-data spectral-signatures --model badnet/model.h5 \\
          --train badnet/train.h5 --output rest.h5
        """),
      Example(
        "A data-set detector that learns from clean images",
        """
        clean-data contamination --model suspect.h5 --train train.h5 \\
          --clean clean.h5 --scale 1/255 --output rest.h5
        """),
    ]
  }

  @Argument(
    help: ArgumentHelp("Name of the data-set detector.", valueName: "name"),
    completion: .plugins { $0.names(of: .dataSetDetector) })
  var detector: String

  @Option(
    help: ArgumentHelp(
      "A model trained on the set: a Keras or ONNX file, or weights.", valueName: "file"),
    completion: .model)
  var model: String

  @Option(
    name: .role(.train),
    help: ArgumentHelp("Training set, perhaps poisoned.", valueName: "file"),
    completion: .dataSet)
  var train: String

  @Option(
    name: .role(.clean),
    help: ArgumentHelp(
      "Clean images, for data-set detectors that learn from some.", valueName: "file"),
    completion: .dataSet)
  var clean: String?

  @Option(
    help: ArgumentHelp("File for the images that are left (HDF5).", valueName: "file"),
    completion: .hdf5)
  var output: String

  @OptionGroup var arguments: ModelArguments

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of the data-set detector; repeatable. See 'list'.", valueName: "plugin.name=value"),
    completion: .pluginOptions(of: [.dataSetDetector]))
  var option: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of all random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @Flag(help: "Replace an existing file.")
  var force = false

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let detector = try session.plugins.dataSetDetector(named: detector, settings: settings)
    try session.plugins.check(settings, used: [self.detector])
    try arguments.check([.train, .clean])
    try OutputFile.check(
      output, option: "--output",
      inputs: [model, train, clean, arguments.architecture].compactMap { $0 }, force: force)
    var context = context(arguments.execution, seed: seed)
    context.plugins = session.plugins
    let files = arguments.files(of: model, sets: [.train: train, .clean: clean])
    let experiment = try files.experiment(
      for: [type(of: detector)], besides: session.plugins.types, sandbox: context.sandbox)
    arguments.execution.parsing.warn(in: context)
    try experiment.inputs(hasRepairedModel: false).check(
      detector, besides: session.plugins.types)
    let result = try experiment.scores(by: detector, in: context)
    guard let dropped = result.scores.dropped else {
      throw Failure(
        Failure.data,
        "\(self.detector) does not say which images to drop, so nothing was written; choose another "
          + "data-set detector", about: .plugin(self.detector))
    }
    let data = try files.data(
      train, as: DataRole.train.rawValue, for: experiment.suspect, sandbox: context.sandbox)
    let left = Set(data.labels.indices).subtracting(dropped).sorted()
    guard !left.isEmpty else {
      throw Failure(
        Failure.data,
        "\(self.detector) drops all \(grouped(data.count)) images; change its options",
        about: .plugin(self.detector))
    }
    try context.phase("writing", images: 0) { _ in
      try data.selecting(left).write(to: output)
    }
    try StandardOutput.write(
      result.text + Self.shares(result.counts) + "\n"
        + Style.output.headed(Self.table(data.labels, dropped))
        + "\n\(grouped(left.count)) images are in \(output).\n")
  }

  /// Returns purity and recall of the dropped images as a line; nothing if they are unknown.
  private static func shares(_ counts: DataSetCounts) -> String {
    guard let dropped = counts.dropped, dropped > 0, let found = counts.droppedPoisoned,
      let recall = counts.truePositiveRate
    else { return "" }
    return "  purity \(percent(Double(found) / Double(dropped))), recall \(percent(recall))\n"
  }

  /// Returns how many images of each label are dropped, as a table.
  private static func table(_ labels: [Int32], _ dropped: [Int]) -> String {
    var counts: [Int32: (images: Int, dropped: Int)] = [:]
    for label in labels { counts[label, default: (0, 0)].images += 1 }
    for image in dropped { counts[labels[image], default: (0, 0)].dropped += 1 }
    let lines = counts.sorted { $0.key < $1.key }.map { label, count in
      "\(label)".padded(to: 5) + grouped(count.images).padded(to: 9)
        + grouped(count.dropped).padded(to: 10)
    }
    return (["label   images   dropped"] + lines).joined(separator: "\n") + "\n"
  }
}
