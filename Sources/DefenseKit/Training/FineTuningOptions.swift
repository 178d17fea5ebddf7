internal import InferenceGraph
internal import NetworkTraining

/// The options of fine-tuning on a defense's clean images, shared by all plugins that fine-tune.
///
/// A plugin that fine-tunes stores a value of this type and adopts its declarations:
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
/// The defaults aim to remove a backdoor at little cost in clean accuracy.
///
/// BackdoorBench's fine-tuning is `optimizer=sgd`, `learning-rate=0.01`, `epochs=100`, `batch=256`,
/// `schedule=cosine`, `decay=0.0005`, `recovery=0`, `distillation=0`, `shift=4`, `flip=true`,
/// `overlay=0`, `freeze-normalization=false` and `held-out=0`.
public struct FineTuningOptions: PluginOptions, Hashable {
  /// The number of epochs; 0 skips training, if the defense permits it. nil: for n training images,
  /// min(100, max(36, 50,000 / n), max(10, 300,000 / n)).
  public var epochs: Int?
  /// The base learning rate; nil: 0.00225 for Adam and AdamW, 0.05 for SGD.
  public var learningRate: Double?
  /// The number of images in a step.
  public var batch: Int
  /// The optimizer, with the usual values of its other constants (momentum 0.9, for example).
  public var optimizer: OptimizerName
  /// The learning-rate schedule. ``ScheduleName/step`` uses a tenth of the rate after half of the
  /// epochs and a hundredth after three quarters.
  public var schedule: ScheduleName
  /// The weight decay of the kernels, 0 to 1.
  public var decay: Double
  /// The share of the epochs, at the end, without weight decay: 0 to under 1. These epochs have a
  /// learning-rate schedule of their own. Unused if ``decay`` is 0.
  public var recovery: Double
  /// The label smoothing, 0 to under 1.
  public var smoothing: Double
  /// The weight of the suspect's scores in the training targets, 0 to 1 (knowledge distillation;
  /// Hinton, Vinyals and Dean 2015). The label has the remaining weight.
  public var distillation: Double
  /// The temperature of these scores, softmax(logits / temperature); over 0 and up to 100.
  public var temperature: Double
  /// The maximum random shift of an image in each direction, in pixels; nil: 1 for each 25 pixels
  /// of the shorter side, rounded, or 0 if the inputs are not images.
  public var shift: Int?
  /// Whether a random half of the images is mirrored, left to right.
  public var flip: Bool
  /// The largest share of another image that each image is mixed with, 0 to under 1; the label
  /// stays. 0 if the inputs are not images.
  public var overlay: Double
  /// Whether batch normalization uses its moving statistics instead of the batch's.
  public var freezesNormalization: Bool
  /// The share of the clean images that are not trained on, 0 to under 1. They measure the effect
  /// of fine-tuning and, with ``patience``, decide when to stop.
  public var heldOut: Double
  /// The number of epochs without a better accuracy on the held-out images after which training
  /// stops; nil: all epochs run.
  public var patience: Int?

  /// Creates options with their default values.
  public init() {
    // Weights that only a trigger uses get almost no gradient from clean images. Adam divides a
    // step by the size of its gradient, so that decay takes such weights to zero in a few hundred
    // steps. The last epochs, without decay, restore the accuracy. Moving statistics stay frozen,
    // because those of clean images are narrow in a trigger's channels, and normalizing by them
    // would amplify these channels. The suspect's scores tell what it knows about clean images,
    // not the trigger.
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
    overlay = 0
    freezesNormalization = true
    heldOut = 0.1
    patience = nil
  }

  /// Options that skip fine-tuning: 0 epochs.
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
        "Number of epochs, up to 10,000; auto: 36, more for few images (to 100), fewer for many "
          + "(to 10)."
      ),
      PluginOption(
        "learning-rate", \.learningRate,
        "Base learning rate, over 0 and up to 100; auto: 0.00225 for adam and adamw, else 0.05."),
      PluginOption("batch", \.batch, "Batch size, 1 to 65,536."),
      PluginOption("optimizer", \.optimizer, "Optimizer, with its usual constants."),
      PluginOption("schedule", \.schedule, "Learning-rate schedule."),
      PluginOption("decay", \.decay, "Weight decay of the kernels, 0 to 1."),
      PluginOption(
        "recovery", \.recovery,
        "Share of the epochs, at the end, without weight decay; 0 to under 1."),
      PluginOption("smoothing", \.smoothing, "Label smoothing, 0 to under 1."),
      PluginOption(
        "distillation", \.distillation,
        "Weight of the suspect's scores in the training targets, 0 to 1; 0 is no distillation."),
      PluginOption(
        "temperature", \.temperature,
        "Temperature of distillation; 1 leaves the suspect's scores "
          + "as they are."),
      PluginOption(
        "shift", \.shift,
        "Largest random shift of training images in pixels, 0 to 64; auto: 1 for each 25."),
      PluginOption(
        "flip", \.flip,
        "Whether half of the training images are mirrored, left for "
          + "right."),
      PluginOption(
        "overlay", \.overlay,
        "Largest share of another training image that an image is mixed with, 0 to under 1."),
      PluginOption(
        "freeze-normalization", \.freezesNormalization,
        "Whether batch normalization keeps its moving statistics."),
      PluginOption(
        "held-out", \.heldOut,
        "Share of the clean images held out to evaluate the fine-tuning; 0 to under 1."),
      PluginOption(
        "patience", \.patience,
        "Epochs without gain on held-out images before training stops; auto trains to the end."
      ),
    ]
  }

  /// Checks the ranges of all options.
  ///
  /// - Parameters:
  ///   - plugin: The plugin's name, for the message.
  ///   - leastEpochs: The minimum of ``epochs``: 0 if the plugin works without fine-tuning, else 1.
  /// - Throws: ``PluginError`` with code `badOption`.
  public func check(for plugin: String, leastEpochs: Int = 1) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ range: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: plugin, "takes \(range)") }
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
    try check((0..<1).contains(overlay), "overlay", "a share from 0 to under 1")
    try check((0..<1).contains(heldOut), "held-out", "a share from 0 to under 1")
    try check(patience.map { $0 > 0 } ?? true, "patience", "an integer over 0, or auto")
    try check(heldOut > 0 || patience == nil, "patience", "auto if no images are held out")
  }

  /// Returns the number of epochs for this many training images.
  func epochs(images: Int) -> Int {
    let images = max(1, images)
    return epochs ?? min(100, max(36, 50_000 / images), max(10, 300_000 / images))
  }

  /// Returns the parts of a fine-tuning, one or two: with weight decay, then without.
  ///
  /// - Parameters:
  ///   - images: The number of training images.
  ///   - imageShape: The shape of an image.
  ///   - seed: The run's seed; the second part uses another order of the images than the first.
  ///   - wasTuned: Whether the model was fine-tuned before and then pruned further. If so, there is
  ///     only one part, a fifth of the epochs, rounded up, without weight decay.
  func parts(
    images: Int, imageShape: [Int], seed: UInt64, wasTuned: Bool = false
  ) -> [TrainingOptions] {
    let epochs = epochs(images: images)
    var last = training(epochs: (epochs + 4) / 5, imageShape: imageShape, seed: seed &+ 1)
    last.weightDecay = 0
    if wasTuned { return [last] }
    let rest = decay > 0 ? Int((recovery * Double(epochs)).rounded()) : 0
    guard rest > 0, rest < epochs else {
      return [training(epochs: epochs, imageShape: imageShape, seed: seed)]
    }
    last.epochs = rest
    return [training(epochs: epochs - rest, imageShape: imageShape, seed: seed), last]
  }

  /// Returns the options of one training run, which keeps the last epoch's weights.
  ///
  /// The weights with the best held-out accuracy are not kept: they come from the first epochs,
  /// whose models are close to the suspect and still have its backdoor.
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
      // A single epoch has no half.
      case .step: .step(at: [(epochs + 1) / 2, (3 * epochs + 3) / 4].filter { $0 < epochs })
      case .cosine: .cosine
      case .oneCycle: .oneCycle
      }
    return TrainingOptions(
      epochs: epochs, batchSize: batch, optimizer: optimizer, learningRate: learningRate ?? rate,
      schedule: schedule, weightDecay: decay, labelSmoothing: smoothing,
      augmentation: Augmentation(shift: shift, flip: flip, overlay: isImage ? Float(overlay) : 0),
      patience: patience, keepsLast: true, freezesNormalization: freezesNormalization, seed: seed)
  }
}
