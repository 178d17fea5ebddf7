internal import InferenceGraph
internal import NetworkTraining

/// How a defense trains a model on its clean images: options that plugins declare in common.
///
/// A plugin that fine-tunes has a property of this type and takes the declarations over:
///
/// ```swift
/// struct Options: PluginOptions {
///   var tuning = FineTuningOptions()
///   static var declarations: [PluginOption<Options>] {
///     FineTuningOptions.declarations.map { $0.of(\.tuning) }
///   }
/// }
/// ```
///
/// The defaults are to forget a backdoor and little else. Clean images give the weights that only a
/// trigger uses next to no gradient. Adam scales a weight's step by its gradient, so that decay, which it
/// takes as part of the gradient, takes such weights to zero in a few hundred steps at any scale of the
/// images. Batch normalization keeps its statistics: those of clean images are much narrower in the
/// channels of a trigger, and normalizing by them would make these channels louder. Nine tenths of what
/// is learned of an image are the suspect's own scores for it, which hold what the suspect knows of clean
/// images and nothing of the trigger. The last two thirds of the epochs go without decay, which
/// gives the accuracy back.
///
/// BackdoorBench's fine-tuning is `optimizer=sgd`, `learning-rate=0.01`, `epochs=100`, `batch=256`,
/// `schedule=cosine`, `decay=0.0005`, `recovery=0`, `distillation=0`, `shift=4`, `flip=true`,
/// `freeze-normalization=false` and `held-out=0`.
public struct FineTuningOptions: PluginOptions, Hashable {
  /// The number of times that every image is seen; 0 where a defense does without tuning. nil: 36, more
  /// to make 50,000 images, up to 100, or fewer to stay under 300,000, down to 10.
  public var epochs: Int?
  /// The base learning rate; nil: 0.00225 for Adam, 0.05 for the others.
  public var learningRate: Double?
  /// Images in a step.
  public var batch: Int
  /// The optimizer; its other constants are the usual ones, such as a momentum of 0.9.
  public var optimizer: OptimizerName
  /// The course of the learning rate. That of steps has a tenth after half of the epochs, a
  /// hundredth after three quarters.
  public var schedule: ScheduleName
  /// Weight decay.
  public var decay: Double
  /// The share of the epochs, the last ones, that go without decay: 0 to under 1. They are a course of
  /// the learning rate of their own.
  public var recovery: Double
  /// Label smoothing.
  public var smoothing: Double
  /// The share, 0 to 1, that the suspect's own scores for an image have in what is learned of it
  /// (knowledge distillation; Hinton, Vinyals and Dean 2015). The rest is the label's.
  public var distillation: Double
  /// How much these scores are evened out: softmax(logits / temperature), over 0 and up to 100.
  public var temperature: Double
  /// Images are shifted by up to so many pixels each way; nil: 1 for each 25 of the shorter side, rounded,
  /// or none where an input is no image.
  public var shift: Int?
  /// Whether half of the images are mirrored.
  public var flip: Bool
  /// Whether batch normalization keeps its moving statistics.
  public var freezesNormalization: Bool
  /// The share of the images that is not learned but shows what tuning does to accuracy and, with
  /// ``patience``, decides when to stop; 0 to under 1.
  public var heldOut: Double
  /// Tuning ends after so many epochs that were no better on the held-out images than the best before;
  /// nil: after all.
  public var patience: Int?

  /// Creates options with all defaults.
  public init() {
    epochs = nil
    learningRate = nil
    batch = 32
    optimizer = .adam
    schedule = .cosine
    decay = 2e-3
    recovery = 0.67
    smoothing = 0.1
    distillation = 0.9
    temperature = 2
    shift = nil
    flip = false
    freezesNormalization = true
    heldOut = 0.1
    patience = nil
  }

  /// No tuning at all: 0 epochs.
  public static var none: FineTuningOptions {
    var options = FineTuningOptions()
    options.epochs = 0
    return options
  }

  /// The declarations of all options.
  public static var declarations: [PluginOption<FineTuningOptions>] {
    [
      PluginOption(
        "epochs", \.epochs,
        "How often every image is learned, up to 10,000; auto: 36, to 100 for few images, to 10 for many."
      ),
      PluginOption(
        "learning-rate", \.learningRate,
        "The base rate, over 0 and up to 100; auto is 0.00225 for adam and adamw, else 0.05."),
      PluginOption("batch", \.batch, "Images in a step, 1 to 65,536."),
      PluginOption("optimizer", \.optimizer, "The optimizer, with its usual constants."),
      PluginOption("schedule", \.schedule, "The course of the learning rate."),
      PluginOption("decay", \.decay, "Weight decay of the kernels, 0 to 1."),
      PluginOption(
        "recovery", \.recovery,
        "The share of the epochs, the last ones, that go without decay; 0 to under 1."),
      PluginOption("smoothing", \.smoothing, "Label smoothing, 0 to under 1."),
      PluginOption(
        "distillation", \.distillation,
        "The share of the suspect's scores in what is learned of an image, 0 to 1."),
      PluginOption(
        "temperature", \.temperature, "How much these scores are evened out; 1 is not at all."),
      PluginOption(
        "shift", \.shift,
        "Images are shifted by up to so many pixels at random, 0 to 64; auto is 1 for each 25."),
      PluginOption("flip", \.flip, "Whether half of the images are mirrored, left for right."),
      PluginOption(
        "freeze-normalization", \.freezesNormalization,
        "Whether batch normalization keeps its statistics."),
      PluginOption(
        "held-out", \.heldOut,
        "The share of the clean images that is not learned but judges the tuning; 0 to under 1."),
      PluginOption(
        "patience", \.patience,
        "Tuning ends after so many epochs without gain on held-out images; auto goes on to the end."
      ),
    ]
  }

  /// Checks the ranges of all options.
  ///
  /// - Parameters:
  ///   - plugin: The plugin's name, for the message.
  ///   - leastEpochs: 0 where the plugin does something without tuning, else 1.
  /// - Throws: ``PluginError`` with code `badOption`.
  public func check(for plugin: String, leastEpochs: Int = 1) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(.badOption, "\(plugin).\(option) takes \(range)") }
    }
    try check(
      epochs.map { (leastEpochs...10_000).contains($0) } ?? true, "epochs",
      "an integer from \(leastEpochs) to 10,000")
    try check(
      learningRate.map { $0 > 0 && $0 <= 100 } ?? true, "learning-rate",
      "a number over 0 and up to 100")
    try check((1...65_536).contains(batch), "batch", "an integer from 1 to 65,536")
    try check((0...1).contains(decay), "decay", "a number from 0 to 1")
    try check((0..<1).contains(recovery), "recovery", "a share from 0 to under 1")
    try check((0..<1).contains(smoothing), "smoothing", "a number from 0 to under 1")
    try check((0...1).contains(distillation), "distillation", "a share from 0 to 1")
    try check(
      temperature > 0 && temperature <= 100, "temperature", "a number over 0 and up to 100")
    try check(shift.map { (0...64).contains($0) } ?? true, "shift", "an integer from 0 to 64")
    try check((0..<1).contains(heldOut), "held-out", "a share from 0 to under 1")
    try check(patience.map { $0 > 0 } ?? true, "patience", "an integer over 0, or auto")
    try check(heldOut > 0 || patience == nil, "patience", "auto where no images are held out")
  }

  /// The number of epochs with so many images to learn.
  func epochs(images: Int) -> Int {
    let images = max(1, images)
    return epochs ?? min(100, max(36, 50_000 / images), max(10, 300_000 / images))
  }

  /// The parts of a tuning, one or two: with decay, then without.
  ///
  /// - Parameters:
  ///   - images: The number of images to learn.
  ///   - imageShape: The shape of an image.
  ///   - seed: The run's seed; the second part has the images in another order than the first.
  ///   - goesOn: Whether the model was tuned before, and then pruned further. Then a fifth of the
  ///     epochs, rounded up, is all, without decay.
  func parts(
    images: Int, imageShape: [Int], seed: UInt64, goesOn: Bool = false
  ) -> [TrainingOptions] {
    let epochs = epochs(images: images)
    var last = training(epochs: (epochs + 4) / 5, imageShape: imageShape, seed: seed &+ 1)
    last.weightDecay = 0
    if goesOn { return [last] }
    let rest = decay > 0 ? Int((recovery * Double(epochs)).rounded()) : 0
    guard rest > 0, rest < epochs else {
      return [training(epochs: epochs, imageShape: imageShape, seed: seed)]
    }
    last.epochs = rest
    return [training(epochs: epochs - rest, imageShape: imageShape, seed: seed), last]
  }

  /// The options of one training.
  ///
  /// The last epoch's weights are kept, never those that are best on held-out images: the first
  /// epochs, whose models are close to the suspect's, have the best accuracy and the backdoor too.
  func training(epochs: Int, imageShape: [Int], seed: UInt64) -> TrainingOptions {
    let isImage = imageShape.count == 3
    let shift = shift ?? (isImage ? (min(imageShape[0], imageShape[1]) + 12) / 25 : 0)
    let (optimizer, rate): (Optimizer, Double) =
      switch self.optimizer {
      case .sgd: (.sgd(), 0.05)
      case .nesterov: (.sgd(nesterov: true), 0.05)
      case .adam: (.adam(), 0.00225)
      case .adamW: (.adamW(), 0.00225)
      }
    let schedule: LearningRateSchedule =
      switch self.schedule {
      case .constant: .constant
      // One epoch has no half.
      case .step: .step(at: [(epochs + 1) / 2, (3 * epochs + 3) / 4].filter { $0 < epochs })
      case .cosine: .cosine
      case .oneCycle: .oneCycle
      }
    return TrainingOptions(
      epochs: epochs, batchSize: batch, optimizer: optimizer, learningRate: learningRate ?? rate,
      schedule: schedule, weightDecay: decay, labelSmoothing: smoothing,
      augmentation: Augmentation(shift: shift, flip: flip),
      patience: patience, keepsLast: true, freezesNormalization: freezesNormalization, seed: seed)
  }
}
