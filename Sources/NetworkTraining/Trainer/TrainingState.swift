internal import InferenceGraph
/// Where a training stands after an epoch: enough to go on to the same bits.
///
/// It belongs to one model, one set of images and one choice of options; with others it is refused.
/// The number of threads is free. ModelIO's `Checkpoint` makes a file of it.
public struct TrainingState: Sendable, Hashable {
  /// The epochs that are done.
  public package(set) var epochs: [TrainingEpoch]
  /// What the training is of, item by item.
  package var identity: [Item]
  /// All weights, tensor after tensor in the graph's order.
  package var weights: [Float]
  /// The optimizer's moving averages, each arranged as the weights: none, the velocity, or Adam's two.
  package var slots: [[Float]]
  /// The weights that were best on held-out images; nil where the last are kept.
  package var best: Best?

  /// What a training is of, in one respect.
  package struct Item: Sendable, Hashable {
    /// What it is about: an option as ``TrainingOptions`` calls it, or "model" and the like.
    package var name: String
    /// Equal texts mean equal things.
    package var value: String

    /// Creates an item.
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The best weights so far.
  package struct Best: Sendable, Hashable {
    /// Arranged as the state's weights.
    package var weights: [Float]
    /// Held-out images classified rightly.
    package var correct: Int
    /// The epoch, counted from 0; nil: they are those before the training.
    package var epoch: Int?

    /// Creates the best weights.
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

  /// Checks that it is of the training with this identity, model and options.
  ///
  /// - Throws: ``TrainingError`` naming the first difference.
  func check(
    against identity: [Item], weightCount: Int, _ options: TrainingOptions
  ) throws(TrainingError) {
    let known = Dictionary(self.identity.map { ($0.name, $0.value) }) { first, _ in first }
    for item in identity where known[item.name] != item.value {
      let theirs = known[item.name].map { "\(item.name) \($0)" } ?? "unknown \(item.name)"
      throw TrainingError(
        "the state to resume is of a training with \(theirs), but this one has \(item.value); give "
          + "the same model, images and options, or start anew")
    }
    let sizes = [weights.count] + slots.map(\.count) + (best.map { [$0.weights.count] } ?? [])
    let isWhole =
      sizes.allSatisfy { $0 == weightCount } && slots.count == options.optimizer.slotCount
      && (best != nil) == options.keepsBest && epochs.count <= options.epochs
      && best?.epoch.map { epochs.indices.contains($0) } ?? true
    let values = [weights, best?.weights ?? []] + slots
    guard isWhole, values.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw TrainingError("the state to resume is damaged; start anew")
    }
  }
}

extension TrainingOptions {
  /// Whether the weights that are best on held-out images come out, not the last.
  var keepsBest: Bool { patience != nil && !keepsLast }

  /// The options as items of a training's identity.
  var identity: [TrainingState.Item] {
    [
      ("epochs", "\(epochs)"), ("batchSize", "\(batchSize)"), ("optimizer", "\(optimizer)"),
      ("learningRate", "\(learningRate)"), ("schedule", "\(schedule)"),
      ("weightDecay", "\(weightDecay)"), ("labelSmoothing", "\(labelSmoothing)"),
      ("clipping", clipping.map { "\($0)" } ?? "none"),
      ("augmentation", "shift \(augmentation.shift), flip \(augmentation.flip)"),
      ("patience", patience.map { "\($0)" } ?? "none"), ("keepsLast", "\(keepsLast)"),
      ("freezesNormalization", "\(freezesNormalization)"), ("seed", "\(seed)"),
    ].map { TrainingState.Item(name: $0.0, value: $0.1) }
  }
}

extension Parameters {
  /// The weights, or other values arranged like them, without what lies between tensors.
  func packed(_ storage: Storage<Float>) -> [Float] {
    segments.flatMap { segment in segment.range.map { unsafe storage.pointer[$0] } }
  }

  /// The reverse of ``packed(_:)``.
  func unpack(_ values: [Float], into storage: Storage<Float>) {
    var position = 0
    for segment in segments {
      for index in segment.range {
        unsafe storage.pointer[index] = values[position]
        position += 1
      }
    }
  }

  /// The number of values without what lies between tensors.
  var count: Int { segments.reduce(0) { $0 + $1.range.count } }
}
