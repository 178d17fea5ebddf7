/// Images with the labels to learn.
public struct TrainingSet: Sendable {
  /// The images.
  public let source: any SampleSource
  /// A class for every image.
  public let labels: [Int32]
  /// Distributions over the classes to learn instead of the labels, `[images][classes]`, each with a
  /// sum of 1: another network's scores, for example (Hinton, Vinyals and Dean 2015). They belong to
  /// the images as they are, and are learned for the images as augmentation changes them. nil: the
  /// label has all of it.
  ///
  /// Accuracies count labels all the same.
  public let targets: [Float]?

  /// Creates a set; there must be a label for every image, and targets for all or none.
  public init(_ source: any SampleSource, labels: [Int32], targets: [Float]? = nil) {
    precondition(
      source.count == labels.count, "\(labels.count) labels for \(source.count) images")
    self.source = source
    self.labels = labels
    self.targets = targets
  }
}

/// What an epoch of a training came to.
public struct TrainingEpoch: Sendable, Hashable {
  /// The mean loss over the steps, in nats, with label smoothing.
  public var loss: Double
  /// The share of training images classified rightly on the way, 0 to 1.
  public var accuracy: Double
  /// Held-out images classified rightly after the epoch; nil without held-out images.
  public var heldOutCorrect: Int?

  /// Creates an epoch's record.
  public init(loss: Double, accuracy: Double, heldOutCorrect: Int? = nil) {
    self.loss = loss
    self.accuracy = accuracy
    self.heldOutCorrect = heldOutCorrect
  }
}

/// A trained model and how it came about.
public struct TrainingResult: Sendable {
  /// The trained model.
  public var model: Model
  /// All epochs, in order.
  public var epochs: [TrainingEpoch]
  /// The epoch (from 0) whose weights were kept; nil if none was better on the held-out images than
  /// the model before training, which was kept.
  public var keptEpoch: Int?
}

/// A training that cannot go on.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String
  /// Where the training diverged: how it stood after the last epoch that went well, or, with no epochs,
  /// the model as it was before.
  public let lastGood: TrainingResult?

  /// Creates an error.
  public init(_ message: String, lastGood: TrainingResult? = nil) {
    self.message = message
    self.lastGood = lastGood
  }

  /// The message.
  public var description: String { message }
}

extension Model {
  /// Returns the model trained on labelled images.
  ///
  /// The images are in memory while it lasts. What comes out is the same bits for any number of
  /// threads, and also where a training is resumed from a state of an earlier one; across instruction
  /// sets (``Executor/instructionSet``) the last bits differ. Channels that are masked, with a kernel
  /// and a bias of zeros, stay so. A layer that a Keras file uses twice is two layers of the model,
  /// each with weights of its own, which do not stay equal.
  ///
  /// - Parameters:
  ///   - data: The images to learn; at least as many as a batch has.
  ///   - heldOut: Images that are evaluated after every epoch. Where there is
  ///     ``TrainingOptions/patience`` they decide when to stop, and which epoch is kept unless it is the
  ///     last in any case (``TrainingOptions/keepsLast``).
  ///   - options: How to train.
  ///   - state: Where an earlier training with the same model, images and options stood.
  ///   - execution: The number of threads, on which no result depends.
  ///   - progress: Told how many images of all epochs are done.
  ///   - checkpoint: Given the state after every epoch; what it throws ends the training.
  /// - Throws: ``TrainingError`` for options out of range, too few images, a label that is no class of
  ///   the model, a loss or weights that are not finite any more, or a state of another training;
  ///   ``GraphError`` for a model that cannot be trained; ``SampleError`` for an image with a value
  ///   that is not finite; what the sources and `checkpoint` throw.
  public func trained(
    on data: TrainingSet, heldOut: TrainingSet? = nil, options: TrainingOptions,
    resuming state: TrainingState? = nil, execution: ExecutionOptions = ExecutionOptions(),
    progress: ProgressHandler? = nil, checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> TrainingResult {
    try options.check()
    try options.check(data, heldOut, for: self)
    return try TrainingRun(self, data, heldOut, options, execution)
      .run(from: state, progress, checkpoint)
  }
}
