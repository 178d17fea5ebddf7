internal import ArgumentParser
internal import DefenseKit

/// Trains a network on a training set as it is.
struct TrainCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "train", abstract: "Train a model on a training set.",
      discussion: discussion(
        """
        Trains as 'attack' does, but poisons nothing: on what 'clean-data' left of a set, for \
        example. Architectures: \(Architecture.all.map(\.name).joined(separator: ", ")).
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "Train on what is left of a poisoned set, and measure the attack",
        """
        train --train rest.h5 --test badnet/test.h5 \\
          --poisoned badnet/poisoned.h5 --architecture small-cnn --output model.h5
        """),
      Example(
        "A model of Fashion-MNIST",
        "train --train fashion-mnist --architecture vgg --output vgg.h5"),
    ]
  }

  @Option(
    name: .role(.train),
    help: ArgumentHelp(
      "Training images: HDF5 (data and label), fashion-mnist, or a part of it, as in "
        + "fashion-mnist:0-5000.", valueName: "file"),
    completion: .filesOr([ImageInput.word]))
  var train: String

  @Option(
    name: .role(.test),
    help: ArgumentHelp(
      "Clean test images; with --train fashion-mnist, its test images by default.",
      valueName: "file"),
    completion: .filesOr([ImageInput.word]))
  var test: String?

  @Option(
    name: .role(.poisoned),
    help: ArgumentHelp("Triggered images with the attacker's labels.", valueName: "file"),
    completion: .dataSet)
  var poisoned: String?

  @Option(
    help: ArgumentHelp(
      "Network to train: the name of an architecture, or a Keras (.h5, .keras) or JSON file, whose "
        + "weights are ignored.", valueName: "name|file"),
    completion: .filesOr(Architecture.all.map(\.name)))
  var architecture: String

  @Option(
    help: ArgumentHelp("File for the model (.h5).", valueName: "file"), completion: .hdf5)
  var output: String

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of all random choices.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Number of classes; by default the architecture's, else derived from the labels.",
      valueName: "n"))
  var classes: Int?

  @OptionGroup var training: TrainingArguments

  @Option(
    help: ArgumentHelp(
      "Factor for the images' bytes; default 1/255, or 1 if the network of a file scales images "
        + "itself.",
      valueName: "factor"))
  var scale: Scale?

  @OptionGroup var data: DataArguments

  @Flag(help: "Replace an existing file.")
  var force = false

  @OptionGroup var execution: ExecutionArguments

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try training.check()
    try data.check([.train, .test, .poisoned])
    try execution.check()
    if test == nil, !(try ImageInput(train).isFashionMNIST) {
      throw Failure(option: "--train", "FILE needs --test, images to evaluate the model on")
    }
  }

  func run(in session: Session) throws {
    try check()
    var options = try training.options()
    options.seed = seed
    let (trainInput, testInput) = (try ImageInput(train), try ImageInput(test ?? ImageInput.word))
    try OutputFile.check(
      output, option: "--output",
      inputs: [trainInput.path, testInput.path, poisoned, architecture].compactMap { $0 },
      force: force)
    let context = context(execution, seed: seed)
    let sandbox = context.sandbox
    let architecture = try Architecture(nameOrFile: architecture, sandbox: sandbox)
    let extents = try trainInput.extents(
      data.format, as: DataRole.train.rawValue, sandbox: sandbox)
    let classCount = classes ?? max(architecture.classCount ?? 0, extents.classCount)
    try training.check(imageShape: extents.imageShape)
    var format = data.format
    format.layout = extents.layout
    func load(
      _ input: ImageInput, _ part: FashionMNIST.Part, _ role: DataRole, _ format: DataFormat
    ) throws -> (images: LabelledImages, trueLabels: [Int32]?) {
      let data = try input.load(
        part, format, as: role.rawValue, imageShape: extents.imageShape, classCount: classCount,
        consumer: "network", sandbox: sandbox)
      for note in data.notes { context.warn(note) }
      return (try LabelledImages(data), data.trueLabels)
    }
    let images = try load(trainInput, .train, .train, format).images
    images.warnOfUnits("the model takes 0...255", in: context)
    let testImages = try load(testInput, .test, .test, data.format).images
    let triggered = try poisoned.map {
      try load(try ImageInput($0), .test, .poisoned, data.format)
    }
    execution.parsing.warn(in: context)
    let initial = try architecture.model(
      imageShape: extents.imageShape, classCount: classCount,
      inputScale: scale?.factor ?? architecture.byteScale, seed: seed)
    let result = try context.phase("training", images: images.count * options.epochs) {
      try initial.trained(
        on: images.trainingSet, options: options, execution: context.execution, progress: $0)
    }
    let counts = try Evaluation.ModelResult(
      of: result.model, test: CleanData(testImages.dataSet()),
      poisoned: triggered.map {
        try PoisonedData($0.images.dataSet(trueLabels: $0.trueLabels))
      }, in: context)
    try KerasModel.save(result.model, to: output)
    try StandardOutput.write(EvaluateCommand.text(counts) + "\nThe model is in \(output).\n")
  }
}
