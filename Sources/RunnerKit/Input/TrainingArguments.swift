internal import ArgumentParser
internal import DefenseKit

/// Arguments for training a model.
struct TrainingArguments: ParsableArguments, Sendable {
  @Option(help: ArgumentHelp("Number of epochs.", valueName: "n"))
  var epochs = 9

  @Option(help: ArgumentHelp("Batch size.", valueName: "n"))
  var batch = 128

  @Option(help: "Optimizer.")
  var optimizer = OptimizerName.adam

  @Option(
    help: ArgumentHelp(
      "Base learning rate; default 0.003 for adam and adamw, else 0.01.",
      valueName: "rate"))
  var learningRate: Double?

  @Option(help: "Learning-rate schedule.")
  var schedule = ScheduleName.oneCycle

  @Option(
    help: ArgumentHelp(
      "With --schedule step: epochs, counted from 0, at which the rate is divided by ten; "
        + "comma-separated.", valueName: "epochs"))
  var milestones: String?

  @Option(
    help: ArgumentHelp("Momentum of sgd and nesterov; default 0.9.", valueName: "factor"))
  var momentum: Double?

  @Option(help: ArgumentHelp("Weight decay of kernels.", valueName: "factor"))
  var weightDecay = 0.0

  @Option(help: ArgumentHelp("Label smoothing.", valueName: "share"))
  var labelSmoothing = 0.0

  @Option(
    help: ArgumentHelp(
      "Largest gradient norm; longer gradients are scaled down.", valueName: "norm"))
  var clipping: Double?

  @Option(
    help: ArgumentHelp(
      "Shift training images at random by up to this many pixels.", valueName: "pixels"))
  var shift = 0

  @Flag(help: "Mirror half of the training images.")
  var flip = false

  /// Checks the values and combinations of options.
  func check() throws {
    try require(
      (1...1_000_000).contains(epochs), "epochs", epochs, "an integer from 1 to 1,000,000")
    try require(batch >= 1, "batch", batch, "a positive integer")
    let rate = learningRate ?? optimizer.learningRate
    try require(rate > 0 && rate.isFinite, "learning-rate", rate, "a finite number over 0")
    try require(
      weightDecay >= 0 && weightDecay.isFinite, "weight-decay", weightDecay,
      "a finite number of at least 0")
    try require(
      (0..<1).contains(labelSmoothing), "label-smoothing", labelSmoothing,
      "a number from 0 to under 1")
    if let clipping {
      try require(
        clipping > 0 && clipping.isFinite, "clipping", clipping, "a finite number over 0")
    }
    if let momentum {
      // Nesterov momentum requires a positive value.
      let isGood = optimizer == .nesterov ? momentum > 0 : momentum >= 0
      try require(
        isGood && momentum < 1, "momentum", momentum,
        "a number \(optimizer == .nesterov ? "over" : "from") 0 and under 1")
    }
    if momentum != nil, optimizer == .adam || optimizer == .adamW {
      throw Failure(option: "--momentum", "is for --optimizer sgd and nesterov")
    }
    if (milestones != nil) != (schedule == .step) {
      throw Failure(option: "--schedule", "step and --milestones need each other")
    }
  }

  /// Checks the values that depend on the images.
  func check(imageShape: [Int]) throws {
    let largest = (imageShape.prefix(2).min() ?? 1) - 1
    try require(
      (0...largest).contains(shift), "shift", shift,
      "an integer from 0 to \(largest) for images of \(imageShape[0])x\(imageShape[1])")
  }

  private func require(
    _ isGood: Bool, _ option: String, _ value: some Any, _ range: String
  ) throws(Failure) {
    if !isGood { throw Failure(option: "--\(option)", "takes \(range), not \(value)") }
  }

  /// Returns the training's options.
  func options() throws -> TrainingOptions {
    let schedule: LearningRateSchedule
    switch self.schedule {
    case .constant: schedule = .constant
    case .cosine: schedule = .cosine
    case .oneCycle: schedule = .oneCycle
    case .step:
      guard let epochs = [Int](optionText: milestones ?? ""), epochs.allSatisfy({ $0 >= 0 }),
        zip(epochs, epochs.dropFirst()).allSatisfy({ $0 < $1 })
      else {
        throw Failure(
          option: "--milestones",
          "takes epochs counted from 0, ascending and separated by commas, as in 4,6")
      }
      schedule = .step(at: epochs)
    }
    return TrainingOptions(
      epochs: epochs, batchSize: batch, optimizer: optimizer.optimizer(momentum: momentum),
      learningRate: learningRate ?? optimizer.learningRate, schedule: schedule,
      weightDecay: weightDecay, labelSmoothing: labelSmoothing, clipping: clipping,
      augmentation: Augmentation(shift: shift, flip: flip))
  }
}

extension OptimizerName {
  /// Returns the optimizer, with the momentum if it has one.
  fileprivate func optimizer(momentum: Double?) -> Optimizer {
    switch self {
    case .sgd: .sgd(momentum: momentum ?? 0.9)
    case .nesterov: .sgd(momentum: momentum ?? 0.9, nesterov: true)
    case .adam: .adam()
    case .adamW: .adamW()
    }
  }

  /// The default learning rate of the optimizer.
  fileprivate var learningRate: Double { self == .adam || self == .adamW ? 0.003 : 0.01 }
}
