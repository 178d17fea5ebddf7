internal import InferenceGraph
/// The state of a training after an epoch, from which it resumes to the same bits.
///
/// A state belongs to one model, one set of images and one choice of options; it is rejected with
/// any others. The number of threads can change. ModelIO's `Checkpoint` stores a state in a file.
public struct TrainingState: Sendable, Hashable {
  /// The results of the finished epochs.
  public package(set) var epochs: [TrainingEpoch]
  /// Everything that identifies the training, item by item.
  package var identity: [Item]
  /// All weights, one tensor after another in the graph's order.
  package var weights: [Float]
  /// The optimizer's moving averages, each in the order of the weights: none, the velocity, or
  /// Adam's two.
  package var slots: [[Float]]
  /// The best weights on held-out images; nil if the last weights are kept.
  package var best: Best?

  /// One property that identifies a training.
  package struct Item: Sendable, Hashable {
    /// The property: an option by its name in ``TrainingOptions``, or for example "model".
    package var name: String
    /// The property's value as text; equal texts mean equal values.
    package var value: String

    /// Creates an item.
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The best weights so far.
  package struct Best: Sendable, Hashable {
    /// In the order of the state's weights.
    package var weights: [Float]
    /// The number of held-out images classified correctly.
    package var correct: Int
    /// The epoch, counted from 0; nil for the weights before training.
    package var epoch: Int?

    /// Creates a record of the best weights.
    package init(weights: [Float], correct: Int, epoch: Int?) {
      self.weights = weights
      self.correct = correct
      self.epoch = epoch
    }
  }

  /// Creates a state.
  package init(
    epochs: [TrainingEpoch], identity: [Item], weights: [Float], slots: [[Float]], best: Best?
  ) {
    self.epochs = epochs
    self.identity = identity
    self.weights = weights
    self.slots = slots
    self.best = best
  }

  /// Checks that the state belongs to the training with this identity, model and options.
  ///
  /// - Throws: ``TrainingError`` naming the first difference.
  func check(
    against identity: [Item], weightCount: Int, _ options: TrainingOptions
  ) throws(TrainingError) {
    let known = Dictionary(self.identity.map { ($0.name, $0.value) }) { first, _ in first }
    for item in identity where known[item.name] != item.value {
      let theirs = known[item.name].map { "\(item.name) \($0)" } ?? "unknown \(item.name)"
      throw TrainingError(
        "the state to resume belongs to a training with \(theirs), but this one has "
          + "\(item.value)",
        remedies: [.advice("give the same model, images and options"), .advice("start again")])
    }
    let sizes = [weights.count] + slots.map(\.count) + (best.map { [$0.weights.count] } ?? [])
    let isWhole =
      sizes.allSatisfy { $0 == weightCount } && slots.count == options.optimizer.slotCount
      && (best != nil) == options.keepsBest && epochs.count <= options.epochs
      && best?.epoch.map { epochs.indices.contains($0) } ?? true
    let values = [weights, best?.weights ?? []] + slots
    guard isWhole, values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw TrainingError("the state to resume is damaged", remedies: [.advice("start again")])
    }
  }
}

extension TrainingOptions {
  /// Whether the result has the best weights on held-out images instead of the last.
  var keepsBest: Bool { patience != nil && !keepsLast }

  /// The options as items of a training's identity.
  var identity: [TrainingState.Item] {
    [
      ("epochs", "\(epochs)"), ("batchSize", "\(batchSize)"), ("optimizer", "\(optimizer)"),
      ("learningRate", "\(learningRate)"), ("schedule", "\(schedule)"),
      ("weightDecay", "\(weightDecay)"), ("labelSmoothing", "\(labelSmoothing)"),
      ("clipping", clipping.map { "\($0)" } ?? "none"),
      ("augmentation", "\(augmentation)"),
      ("patience", patience.map { "\($0)" } ?? "none"), ("keepsLast", "\(keepsLast)"),
      ("freezesNormalization", "\(freezesNormalization)"), ("seed", "\(seed)"),
    ].map { TrainingState.Item(name: $0.0, value: $0.1) }
  }
}

extension Parameters {
  /// Returns the weights, or other values in the same layout, without the gaps between tensors.
  func packed(_ storage: Storage<Float>) -> [Float] {
    segments.flatMap { segment in segment.range.map { unsafe storage.pointer[$0] } }
  }

  /// Writes values without gaps to a flat array: the inverse of ``packed(_:)``.
  func unpack(_ values: [Float], into storage: Storage<Float>) {
    var position = 0
    for segment in segments {
      for index in segment.range {
        unsafe storage.pointer[index] = values[position]
        position += 1
      }
    }
  }

  /// The number of weights, without the gaps between tensors.
  var count: Int { segments.reduce(0) { $0 + $1.range.count } }
}
