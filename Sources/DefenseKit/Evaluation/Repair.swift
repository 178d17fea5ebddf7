public import InferenceGraph

/// A repaired copy of a suspect model, with the data on how it was made.
public struct Repair: Sendable {
  /// The repaired model.
  public var model: Model
  /// The name of the defense.
  public var defense: String
  /// The permitted loss of accuracy on the defense's clean images, in percentage points; nil for
  /// defenses without one.
  public var drop: Double?
  /// The pruned channels, by layer; empty if the defense does not prune.
  public var pruned: [PrunedChannels]
  /// The positions, ascending, of the defense's clean images that `model` was not trained on; empty
  /// if there are none or they are not known.
  ///
  /// They may have served to choose between models: to stop training, for example.
  public var heldOut: [Int]
  /// The result on the defense's clean images; nil if the defense had none.
  public var clean: CleanCounts?
  /// The pruning sweep that this repair is a point of.
  public var curve: PruningCurve?
  /// How the model was fine-tuned; nil if it was not.
  public var tuning: TuningSummary?
  /// Distinguishes the repair from others of the same defense ("pruned only"); nil if it is the
  /// only one.
  public var note: String?

  /// Creates a repair.
  public init(
    model: Model, defense: String, drop: Double? = nil, pruned: [PrunedChannels] = [],
    heldOut: [Int] = [], clean: CleanCounts?, curve: PruningCurve? = nil,
    tuning: TuningSummary? = nil, note: String? = nil
  ) {
    self.model = model
    self.defense = defense
    self.drop = drop
    self.pruned = pruned
    self.heldOut = heldOut
    self.clean = clean
    self.curve = curve
    self.tuning = tuning
    self.note = note
  }

  /// Creates a repair of unknown origin: a model from a file, for example.
  public init(_ model: Model) { self.init(model: model, defense: "repaired", clean: nil) }

  /// The title in tables and messages: "fine-pruning 2 %, pruned only".
  public var title: String {
    defense + (drop.map { " \($0.optionText) %" } ?? "") + (note.map { ", \($0)" } ?? "")
  }

  /// The file name without extension: "fine-pruning-2" or "fine-pruning-2.5".
  public var fileStem: String { drop.map { "\(defense)-\($0.optionText)" } ?? defense }
}
