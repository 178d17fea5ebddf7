public import InferenceGraph

/// A repaired copy of a suspect model, and how it was made.
public struct Repair: Sendable {
  /// The repaired model.
  public var model: Model
  /// The name of the defense.
  public var defense: String
  /// The allowed drop of validation accuracy that led to it, in percentage points.
  public var drop: Double?
  /// The channels that were pruned, by layer; empty where the defense does not prune.
  public var pruned: [PrunedChannels]
  /// How the repaired model classifies the defense's clean data; nil if it was given none.
  public var validation: CleanCounts?
  /// The sweep that the repair is a point of.
  public var curve: PruningCurve?
  /// How the model was fine-tuned; nil if it was not.
  public var tuning: TuningSummary?
  /// What tells this repair from others of the defense, such as "pruned only"; nil if nothing does.
  public var note: String?

  /// Creates a repair.
  public init(
    model: Model, defense: String, drop: Double? = nil, pruned: [PrunedChannels] = [],
    validation: CleanCounts?, curve: PruningCurve? = nil, tuning: TuningSummary? = nil,
    note: String? = nil
  ) {
    self.model = model
    self.defense = defense
    self.drop = drop
    self.pruned = pruned
    self.validation = validation
    self.curve = curve
    self.tuning = tuning
    self.note = note
  }

  /// What tables and messages call it, such as "fine-pruning 2 %, pruned only".
  public var title: String {
    defense + (drop.map { " \($0.optionText) %" } ?? "") + (note.map { ", \($0)" } ?? "")
  }

  /// The name of its file without extension, such as "fine-pruning-2" or "fine-pruning-2.5".
  public var fileStem: String { drop.map { "\(defense)-\($0.optionText)" } ?? defense }
}

/// The channels of a layer that a defense pruned.
public struct PrunedChannels: Sendable, Hashable, Codable {
  /// The layer's name: a convolution or a dense layer, or a batch normalization whose channels alone
  /// were pruned, as other layers read the same convolution or sum.
  public var layer: String
  /// The channels, first pruned first.
  public var channels: [Int]
  /// How many channels the layer has, the pruned ones included.
  public var total: Int

  /// Creates an entry.
  public init(layer: String, channels: [Int], of total: Int) {
    self.layer = layer
    self.channels = channels
    self.total = total
  }
}

/// The course of a pruning sweep over the defense's clean data.
public struct PruningCurve: Sendable, Hashable {
  /// The layer whose channels were pruned one after another.
  public var layer: String
  /// The channels, first pruned first.
  public var order: [Int]
  /// Whether a pruned channel's bias went to zero with its kernel.
  public var prunesBias: Bool
  /// `correct[k]`: the images classified rightly after k channels; k = 0 is the suspect itself.
  public var correct: [Int]
  /// `nonfinite[k]`: the images without a class after k channels (see `noClass`).
  public var nonfinite: [Int]
  /// The number of images.
  public var images: Int

  /// Creates a curve; `correct` must hold one number more than `order`, and so must `nonfinite`,
  /// where nil means none at all.
  public init(
    layer: String, order: [Int], prunesBias: Bool, correct: [Int], nonfinite: [Int]? = nil,
    images: Int
  ) {
    precondition(
      correct.count == order.count + 1, "\(correct.count) counts for \(order.count) channels")
    self.nonfinite = nonfinite ?? correct.map { _ in 0 }
    precondition(
      self.nonfinite.count == correct.count,
      "\(self.nonfinite.count) counts of images without a class for \(correct.count) steps")
    self.layer = layer
    self.order = order
    self.prunesBias = prunesBias
    self.correct = correct
    self.images = images
  }

  /// How the network after `count` channels classifies the images.
  public func counts(after count: Int) -> CleanCounts {
    CleanCounts(correct: correct[count], nonfinite: nonfinite[count], images: images)
  }
}
