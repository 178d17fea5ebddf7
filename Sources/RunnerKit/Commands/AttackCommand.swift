internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Trains a backdoored model for tests of defenses, and writes all files that these need.
struct AttackCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "attack", abstract: "Train a backdoored model for tests of defenses.",
      discussion: discussion(
        """
        Poisons training images and trains a network on them. Writes to the output folder: the \
        model, the trigger, triggered and clean test images, clean images for the defense, \
        pictures of the trigger, and a report. Architectures: \
        \(Architecture.all.map(\.name).joined(separator: ", ")). See 'list' for attacks.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "A BadNet for Fashion-MNIST",
        """
        attack badnets --train fashion-mnist --architecture small-cnn \\
          --output badnet
        """),
      Example(
        "Noise blended into a tenth of your own images, target class 3",
        """
        attack blended --train train.h5 --test test.h5 --target 3 --rate 0.1 \\
          --option blended.alpha=0.1 --architecture vgg --output blended
        """),
    ]
  }

  @Argument(
    help: ArgumentHelp("Name of the attack.", valueName: "name"),
    completion: .plugins { $0.names(of: .attack) })
  var attack: String

  @Option(
    name: .role(.train),
    help: ArgumentHelp(
      "Clean training images: HDF5 (data and label), fashion-mnist, or a part of it, as in "
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
    help: ArgumentHelp(
      "Network to train: the name of an architecture, or a Keras (.h5, .keras) or JSON file, whose "
        + "weights are ignored.", valueName: "name|file"),
    completion: .filesOr(Architecture.all.map(\.name)))
  var architecture: String

  @Option(
    help: ArgumentHelp("New folder for all results.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Option of the attack; repeatable. See 'list'.", valueName: "attack.name=value"),
    completion: .pluginOptions(of: [.attack]))
  var option: [String] = []

  @Option(
    help: ArgumentHelp("Target class; default 0.", valueName: "class"))
  var target: Int?

  @Option(help: "Class for triggered images: the target class, or the class after their own.")
  var mode = AttackGoal.Mode.allToOne

  @Option(
    help: ArgumentHelp(
      "Share of images to poison; of the target class's images if the attack keeps labels. By "
        + "default the attack's own.", valueName: "share"))
  var rate: Double?

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

  @Option(
    help: ArgumentHelp(
      "Share of the clean training images that the defense gets.", valueName: "share"))
  var cleanShare = 0.05

  @Flag(help: "Also train a clean twin, to compare accuracies.")
  var cleanTwin = false

  @Flag(help: "Also write the poisoned training images, and list them in the report.")
  var trainingSet = false

  @Option(
    help: ArgumentHelp(
      "File for the state of the training after every epoch; must be outside the output folder.",
      valueName: "file"),
    completion: .hdf5)
  var checkpoint: String?

  @Flag(help: "Resume from the file that --checkpoint names.")
  var resume = false

  @Flag(help: "Replace an earlier run's results in the output folder, and its checkpoint.")
  var force = false

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print the report as JSON instead of text.")
  var json = false

  @OptionGroup var common: CommonArguments

  /// Checks combinations of options; called late, so that an unknown option is reported first.
  private func check() throws {
    try training.check()
    try data.check([.train, .test])
    try execution.check()
    if resume, checkpoint == nil { throw Failure(option: "--resume", "needs --checkpoint") }
    if mode == .allToAll, target != nil {
      throw Failure(option: "--target", "has no effect with --mode all-to-all; leave it out")
    }
    if test == nil, !(try ImageInput(train).isFashionMNIST) {
      throw Failure(option: "--train", "FILE needs --test, images to evaluate the model on")
    }
  }

  func run(in session: Session) throws {
    let start = Date()
    let settings = try option.map { text throws(PluginError) in try OptionSetting(text) }
    let attack = try session.plugins.attack(named: attack, settings: settings)
    try session.plugins.check(settings, used: [self.attack])
    try check()
    let options = try training.options()
    let (trainInput, testInput) = (try ImageInput(train), try ImageInput(test ?? ImageInput.word))
    let picture =
      settings.last { $0.name == Trigger.pictureOption }.flatMap { String?(optionText: $0.value) }
      ?? nil
    let inputs = [trainInput.path, testInput.path, architecture, picture].compactMap { $0 }
    let folder = try OutputFolder(output, force: force, inputs: inputs)
    let sandbox = execution.parsing.sandbox
    let checkpoint = try checkpoint.map {
      try CheckpointFile(
        $0, besides: output, inputs: inputs, resumes: resume, force: force,
        sandbox: sandbox)
    }
    let state = resume ? try checkpoint?.load() : nil
    let context = context(execution, seed: seed)

    let architecture = try Architecture(nameOrFile: architecture, sandbox: sandbox)
    let extents = try trainInput.extents(
      data.format, as: DataRole.train.rawValue, sandbox: sandbox)
    let classCount = classes ?? max(architecture.classCount ?? 0, extents.classCount)
    let goal = try AttackGoal(mode, target: target ?? 0, classCount: classCount)
    try training.check(imageShape: extents.imageShape)
    var trainFormat = data.format
    trainFormat.layout = extents.layout
    let trainData = try trainInput.load(
      .train, trainFormat, as: DataRole.train.rawValue, imageShape: extents.imageShape,
      classCount: classCount, consumer: "attack", sandbox: sandbox)
    let testData = try testInput.load(
      .test, data.format, as: DataRole.test.rawValue, imageShape: extents.imageShape,
      classCount: classCount, consumer: "attack", sandbox: sandbox)
    execution.parsing.warn(in: context)
    for note in trainData.notes + testData.notes { context.warn(note) }
    if let scale, scale.factor != 1, architecture.scalesImages {
      context.warn(
        "\(architecture.name) scales images itself, and --scale scales them again; leave it out "
          + "unless you want both")
    }
    let (trainImages, testImages) = try context.phase("reading images", images: 0) { _ in
      (try LabelledImages(trainData), try LabelledImages(testData))
    }
    let experiment = try AttackExperiment(
      attack, train: trainImages, test: testImages, goal: goal,
      rate: rate, architecture: architecture, inputScale: scale?.factor, options: options,
      cleanShare: cleanShare, in: context)
    for images in [experiment.train, experiment.test] {
      images.warnOfUnits("the model and all written data sets take 0...255", in: context)
    }
    let outcome: AttackOutcome
    do {
      outcome = try experiment.run(
        cleanTwin: cleanTwin, resuming: state, checkpoint: checkpoint.map { $0.save })
    } catch let error as TrainingError {
      let remark = error.lastGood == nil ? "" : CheckpointFile.remark(checkpoint)
      let failure = Failure(error)
      throw Failure(
        failure.status, failure.message.map { $0 + remark }, about: failure.subject)
    }
    if let failure = outcome.twinFailure {
      context.warn("no clean twin: \(UserText.line(failure))")
    }
    var report = AttackReport(
      experiment, outcome, architecture: architecture,
      data: (try trainData.sha256(), try testData.sha256()), listsPoisoned: trainingSet,
      warnings: context.statistics.warnings)
    let artifacts = AttackArtifacts(experiment, outcome, includesTrain: trainingSet)
    try folder.write { folder in
      report.files = try context.phase("writing", images: 0) { _ in
        try artifacts.write(to: folder)
      }
      report.environment = RunEnvironment.json(
        context, start: start,
        paths: [
          (DataRole.train.rawValue, trainInput.path), (DataRole.test.rawValue, testInput.path),
          ("output", output),
          ("architecture", architecture.classCount == nil ? nil : self.architecture),
          ("image", picture),
        ])
      try AtomicFile.write(report.json.text, to: "\(folder)/report.json")
    }
    try StandardOutput.write(json ? report.json.text : summary(experiment, outcome))
  }

  private func summary(_ experiment: AttackExperiment, _ outcome: AttackOutcome) -> String {
    let goal = experiment.trigger.goal
    let poisoning = outcome.poisoning
    let target =
      goal.mode == .allToOne
      ? "target class \(goal.target)" + (goal.source.map { " from class \($0)" } ?? "")
      : goal.mode.rawValue
    let covers =
      poisoning.covers.isEmpty ? "" : ", \(grouped(poisoning.covers.count)) cover images"
    let changes =
      type(of: experiment.attack).method == .editing
      ? "weights edited, no training image poisoned"
      : "\(grouped(poisoning.poisoned.count)) of \(grouped(experiment.train.count)) training images "
        + "poisoned\(covers)"
    var text =
      "\(experiment.trigger.attack), \(target): \(changes)\n\n"
      + EvaluateCommand.text(outcome.result)
    for (number, other) in outcome.others.enumerated() {
      guard let counts = other.result.poisoned?.counted else { continue }
      let name = "  trigger \(number + 2), class \(other.trigger.goal.target):"
      text +=
        "\(name.padding(to: 22))\(percent(counts.successRate)) (\(counts.hits) of "
        + "\(counts.images))\n"
    }
    if let test = outcome.twin?.result.test {
      text +=
        "Clean twin accuracy:  \(percent(test.accuracy)) (\(test.correct) of \(test.images))\n"
    }
    let scale = experiment.initialModel.preprocessing.scale
    return text + "\nAll results are in \(output). Next:\n\n  \(programName) "
      + AttackArtifacts.nextArguments(
        in: output, scale: scale == 1 ? nil : self.scaleText,
        cleanCount: experiment.cleanSample.count
      )
      .joined(separator: " ") + "\n"
  }

  private var scaleText: String { scale.map { "\($0.factor)" } ?? "1/255" }
}

extension LabelledImages {
  /// Warns the user if values of 0...1 were converted to bytes, and names the consequence.
  func warnOfUnits(_ consequence: String, in context: RunContext) {
    guard white != 255 else { return }
    context.warn(
      "\(name): values are 0...1 and were multiplied by 255; \(consequence)")
  }
}
