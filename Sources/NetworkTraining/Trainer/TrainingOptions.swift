internal import InferenceGraph

/// The hyperparameters of a training.
public struct TrainingOptions: Sendable, Hashable {
  /// The number of epochs, from 1.
  public var epochs: Int
  /// The most images in a step. An epoch is divided evenly into ceil(n / batchSize) steps.
  public var batchSize: Int
  /// The rule that updates the weights.
  public var optimizer: Optimizer
  /// The base learning rate.
  public var learningRate: Double
  /// The schedule of the learning rate.
  public var schedule: LearningRateSchedule
  /// The decay factor: decay * weight is added to the gradient (AdamW: decay * rate * weight is
  /// subtracted from the weight). Applies to kernels, not to biases and normalizations.
  public var weightDecay: Double
  /// s in the targets (1 - s) * onehot + s / classes of the cross-entropy (Szegedy et al. 2016).
  public var labelSmoothing: Double
  /// The largest L2 norm of a step's whole gradient; longer gradients are scaled down. nil: no
  /// limit.
  public var clipping: Double?
  /// Random changes of the training images.
  public var augmentation: Augmentation
  /// The number of epochs without an improvement after which training stops; nil: never.
  ///
  /// An improvement is an accuracy on held-out images above that of all earlier epochs and of the
  /// model before training. The result has the best weights, the first of equally good ones; with
  /// nil, the last weights.
  public var patience: Int?
  /// Whether ``patience`` decides only when to stop.
  ///
  /// The result then has the last weights, and the model before training does not count. For a
  /// defense: the suspect's clean accuracy is not a reason to stay close to it.
  public var keepsLast: Bool
  /// Whether batch normalization uses fixed moving statistics instead of the batch's.
  public var freezesNormalization: Bool
  /// Whether a class without images is an error; fine-tuning on few images can do without some.
  public var requiresAllClasses: Bool
  /// Determines the order of the images, augmentation and dropout.
  public var seed: UInt64

  /// Creates options. Every option has a default.
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
