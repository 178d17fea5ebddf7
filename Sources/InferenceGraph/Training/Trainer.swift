/// Images with the labels to learn.
public struct TrainingSet: Sendable {
  /// The images.
  public let source: any SampleSource
  /// A class for every image.
  public let labels: [Int32]

  /// Creates a set; there must be a label for every image.
  public init(_ source: any SampleSource, labels: [Int32]) {
    precondition(
      source.count == labels.count, "\(labels.count) labels for \(source.count) images")
    self.source = source
    self.labels = labels
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
}

/// A trained model and how it came about.
public struct TrainingResult: Sendable {
  /// The trained model.
  public var model: Model
  /// All epochs, in order.
  public var epochs: [TrainingEpoch]
  /// The epoch (from 0) whose weights were kept; nil if training was over before the first ended.
  public var keptEpoch: Int?
}

/// A training that cannot go on.
public struct TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What happened and what to do, in one line.
  public let message: String

  /// Creates an error.
  public init(_ message: String) { self.message = message }

  /// The message.
  public var description: String { message }
}

/// Where a training stands after an epoch: enough to go on to the same bits.
public struct TrainingState: Sendable {
}

extension Model {
  /// Returns the model trained on labelled images.
  ///
  /// - Parameters:
  ///   - data: The images to learn.
  ///   - heldOut: Images that decide when to stop and which epoch is kept.
  ///   - options: How to train.
  ///   - state: Where an earlier training with the same model, images and options stood.
  ///   - execution: The number of threads, on which no result depends.
  ///   - progress: Told how many images of all epochs are done.
  ///   - checkpoint: Given the state after every epoch.
  /// - Throws: ``TrainingError`` for options out of range, too few images, a loss that diverges, or a
  ///   state of another training; ``GraphError``, ``SampleError``, and what `checkpoint` throws.
  public func trained(
    on data: TrainingSet, heldOut: TrainingSet? = nil, options: TrainingOptions,
    resuming state: TrainingState? = nil, execution: ExecutionOptions = ExecutionOptions(),
    progress: ProgressHandler? = nil, checkpoint: ((TrainingState) throws -> Void)? = nil
  ) throws -> TrainingResult {
    fatalError("not yet")
  }
}
