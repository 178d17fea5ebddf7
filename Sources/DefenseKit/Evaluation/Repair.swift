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
