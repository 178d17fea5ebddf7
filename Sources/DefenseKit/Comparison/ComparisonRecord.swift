public import Foundation

/// The result of one unit of a comparison: what its file holds.
///
/// Equal units give equal records, bit for bit: times and memory are no part of it (see ``UnitCost``).
public struct ComparisonRecord: Codable, Sendable, Hashable {
  /// The schema that this version writes and reads: raised where a record's shape changes, or what a
  /// plan comes to, so that results of before and after are not mixed in one folder.
  public static let currentSchema = 4

  /// The schema of the record.
  public var schema = ComparisonRecord.currentSchema
  /// ``ComparisonUnit/key``.
  public var key: String
  /// What was done.
  public var unit: ComparisonUnit
  /// Why it failed for good; nil if it did not.
  public var failure: String?
  /// What the user should know of it.
  public var warnings: [String] = []
  /// The number of classes.
  public var classCount: Int?
  /// How the suspect does on the same images.
  public var suspect: ModelFigures?
  /// How each repaired model does, and the detector with it; one of the suspect itself without a defense.
  public var rows: [Row] = []
  /// The pruning sweep that the rows are points of.
  public var curve: Curve?
  /// A PNG picture of clean test images above and triggered ones below; with the suspect's record alone.
  public var picture: Data?

  /// Whether it is no result but stands for a unit that is still to be measured; no file has one.
  public private(set) var isPending = false

  /// Creates the record of a unit.
  public init(_ unit: ComparisonUnit, failure: String? = nil) {
    self.unit = unit
    key = unit.key
    self.failure = failure
  }

  /// Creates what stands for a unit in tables that could not be measured yet.
  public init(_ unit: ComparisonUnit, pending reason: String) {
    self.init(unit, failure: "still to do: \(reason)")
    isPending = true
  }

  private enum CodingKeys: String, CodingKey {
    case schema, key, unit, failure, warnings, classCount, suspect, rows, curve, picture
  }

  /// One repaired model, or the suspect itself.
  public struct Row: Codable, Sendable, Hashable {
    /// What tells it from the unit's other rows, such as "4 %" or "4 %, pruned only"; empty if nothing
    /// does.
    public var title: String
    /// The channels pruned, by layer.
    public var pruned: [PrunedChannels]
    /// How the model does by itself.
    public var model: ModelFigures
    /// How the detector does; nil without one.
    public var detector: DetectorFigures?
    /// What the verdict says of the suspect; nil without one.
    public var verdict: ModelVerdict?
    /// How the data-set detector does; nil without one.
    public var dataSet: DataSetCounts?
    /// The clean images that defense and detector were given to learn from; 0 where neither does.
    public var cleanSamples: Int

    /// Creates a row.
    public init(
      title: String = "", pruned: [PrunedChannels] = [], model: ModelFigures,
      detector: DetectorFigures? = nil, verdict: ModelVerdict? = nil,
      dataSet: DataSetCounts? = nil, cleanSamples: Int = 0
    ) {
      self.title = title
      self.pruned = pruned
      self.model = model
      self.detector = detector
      self.verdict = verdict
      self.dataSet = dataSet
      self.cleanSamples = cleanSamples
    }
  }

  /// How a model or a detector answers on the test images, in counts.
  public struct ModelFigures: Codable, Sendable, Hashable {
    /// On clean test images; nil if there are none.
    public var clean: CleanCounts?
    /// On triggered test images, those that show the target class left out; nil if there are none.
    public var poisoned: PoisonedCounts?
    /// `byClass[c]`: on the clean test images of class c; empty without such images.
    public var byClass: [ClassCounts]

    /// Creates figures.
    public init(
      clean: CleanCounts? = nil, poisoned: PoisonedCounts? = nil, byClass: [ClassCounts] = []
    ) {
      self.clean = clean
      self.poisoned = poisoned
      self.byClass = byClass
    }
  }

  /// How a detector does.
  public struct DetectorFigures: Codable, Sendable, Hashable {
    /// The answers with the detector: flagged images have no class.
    public var answers: ModelFigures
    /// The area under the ROC curve; nil without images of both kinds.
    public var auroc: Double?
    /// The ROC curve; empty without images of both kinds.
    public var roc: [ROCPoint]
    /// The scores' distribution; nil without scores.
    public var histogram: ScoreHistogram?

    /// Creates figures.
    public init(
      answers: ModelFigures, auroc: Double? = nil, roc: [ROCPoint] = [],
      histogram: ScoreHistogram? = nil
    ) {
      self.answers = answers
      self.auroc = auroc
      self.roc = roc
      self.histogram = histogram
    }
  }

  /// A pruning sweep: shares after 0, 1, ... channels, 0 to 1.
  public struct Curve: Codable, Sendable, Hashable {
    /// The layer that was pruned.
    public var layer: String
    /// The channels, first pruned first.
    public var order: [Int]
    /// The accuracy on the defense's clean images.
    public var validation: [Double]
    /// The accuracy on clean test images; empty without any.
    public var clean: [Double]
    /// The attack success; empty without triggered images.
    public var attack: [Double]

    /// Creates a curve.
    public init(
      layer: String, order: [Int], validation: [Double], clean: [Double] = [],
      attack: [Double] = []
    ) {
      self.layer = layer
      self.order = order
      self.validation = validation
      self.clean = clean
      self.attack = attack
    }
  }
}
