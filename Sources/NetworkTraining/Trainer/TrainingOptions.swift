internal import InferenceGraph

/// How a model is trained.
public struct TrainingOptions: Sendable, Hashable {
  /// The number of times that every image is seen.
  public var epochs: Int
  /// Images in a step. An epoch's images are divided evenly over ceil(n / batchSize) steps.
  public var batchSize: Int
  /// How weights are changed.
  public var optimizer: Optimizer
  /// The base learning rate.
  public var learningRate: Double
  /// Its course.
  public var schedule: LearningRateSchedule
  /// Times the weights, added to the gradient (AdamW: times the rate, taken off the weights).
  /// Kernels alone decay, not biases and normalizations.
  public var weightDecay: Double
  /// s in the targets (1 - s) * onehot + s / classes of the cross-entropy (Szegedy et al. 2016).
  public var labelSmoothing: Double
  /// The largest L2 norm of a step's whole gradient; a longer one is scaled down to it.
  public var clipping: Double?
  /// Random changes of the images.
  public var augmentation: Augmentation
  /// Training ends after so many epochs without a better accuracy on held-out images than all before,
  /// the model before training among them, and the best weights are returned, of equally good ones the
  /// first; nil: all epochs, and the last weights.
  public var patience: Int?
  /// Whether ``patience`` decides only when to stop: the last weights are returned, and the model before
  /// training does not count. For a defense: that a suspect is good on clean images is no reason to
  /// stay close to it.
  public var keepsLast: Bool
  /// Whether batch normalization uses the moving statistics as they are instead of the batch's.
  public var freezesNormalization: Bool
  /// Whether it is an error if a class has no image; fine-tuning on few images may go without some.
  public var requiresAllClasses: Bool
  /// Decides the order of the images, augmentation and dropout.
  public var seed: UInt64

  /// Creates options; each has its default unless given.
  public init(
    epochs: Int = 10, batchSize: Int = 128, optimizer: Optimizer = .sgd(),
    learningRate: Double = 0.01, schedule: LearningRateSchedule = .constant,
    weightDecay: Double = 0, labelSmoothing: Double = 0, clipping: Double? = nil,
    augmentation: Augmentation = Augmentation(), patience: Int? = nil, keepsLast: Bool = false,
    freezesNormalization: Bool = false, requiresAllClasses: Bool = false, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.schedule = schedule
    self.weightDecay = weightDecay
    self.labelSmoothing = labelSmoothing
    self.clipping = clipping
    self.augmentation = augmentation
    self.patience = patience
    self.keepsLast = keepsLast
    self.freezesNormalization = freezesNormalization
    self.requiresAllClasses = requiresAllClasses
    self.seed = seed
  }
}
