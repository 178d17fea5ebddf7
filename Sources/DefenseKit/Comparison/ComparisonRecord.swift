public import Foundation

/// The result of one unit of a comparison, as stored in its file.
///
/// Equal units give equal records, bit for bit; times and memory are stored separately (see
/// ``UnitCost``).
public struct ComparisonRecord: Codable, Sendable, Hashable {
  /// The schema that this version writes and reads. Raise it when a record's shape or the expansion
  /// of a plan changes, so that one folder never mixes results of both.
  public static let currentSchema = 5

  /// The schema of the record.
  public var schema = ComparisonRecord.currentSchema
  /// ``ComparisonUnit/key``.
  public var key: String
  /// The unit that was measured.
  public var unit: ComparisonUnit
  /// The reason for a permanent failure; nil if the unit succeeded.
  public var failure: String?
  /// The warnings of the run.
  public var warnings: [String] = []
  /// The number of classes of the model.
  public var classCount: Int?
  /// The suspect's results on the same images.
  public var suspect: ModelFigures?
  /// The results of each repaired model with the detector; without a defense, one row for the
  /// suspect.
  public var rows: [Row] = []
  /// The pruning sweep that the rows are points of.
  public var curve: Curve?
  /// A PNG picture of test images above and poisoned ones below; only in the suspect's
  /// record.
  public var picture: Data?

  /// Whether this is a placeholder for a unit that is not measured yet; never stored in a file.
  public private(set) var isPending = false

  /// Creates the record of a unit.
  public init(_ unit: ComparisonUnit, failure: String? = nil) {
    self.unit = unit
    key = unit.key
    self.failure = failure
  }

  /// Creates a placeholder for a unit that is not measured yet.
  public init(_ unit: ComparisonUnit, pending reason: String) {
    self.init(unit, failure: "still to do: \(reason)")
    isPending = true
  }

  private enum CodingKeys: String, CodingKey {
    case schema, key, unit, failure, warnings, classCount, suspect, rows, curve, picture
  }

  /// The results of one repaired model, or of the suspect itself.
  public struct Row: Codable, Sendable, Hashable {
    /// Distinguishes the row from the unit's others ("4 %" or "4 %, pruned only"); empty for an
    /// only row.
    public var title: String
    /// The pruned channels, by layer.
    public var pruned: [PrunedChannels]
    /// The results of the model by itself.
    public var model: ModelFigures
    /// The results of the detector; nil without one.
    public var detector: DetectorFigures?
    /// The verdict on the suspect; nil without one.
    public var verdict: ModelVerdict?
    /// The results of the data-set detector; nil without one.
    public var dataSet: DataSetCounts?
    /// The number of clean images that the defense and the detector may learn from; 0 if neither
    /// learns.
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

  /// The results of a model or a detector on test and poisoned images, in counts.
  public struct ModelFigures: Codable, Sendable, Hashable {
    /// Counts over the test images; nil if there are none.
    public var test: CleanCounts?
    /// Counts over the poisoned images without those that show the target class; nil if there are
    /// none.
    public var poisoned: PoisonedCounts?
    /// `byClass[c]`: counts over the test images of class c; empty without such images.
    public var byClass: [ClassCounts]
    /// Counts over the test images by whether the clean images have their group; nil unless both
    /// sets are grouped.
    public var byGroup: GroupCounts?

    /// Creates figures.
    public init(
      test: CleanCounts? = nil, poisoned: PoisonedCounts? = nil, byClass: [ClassCounts] = [],
      byGroup: GroupCounts? = nil
    ) {
      self.test = test
      self.poisoned = poisoned
      self.byClass = byClass
      self.byGroup = byGroup
    }
  }

  /// The results of a detector.
  public struct DetectorFigures: Codable, Sendable, Hashable {
    /// The counts with the detector; a flagged image has no class.
    public var answers: ModelFigures
    /// The area under the ROC curve; nil without images of both kinds.
    public var auroc: Double?
    /// The ROC curve; empty without images of both kinds.
    public var roc: [ROCPoint]
    /// The distribution of the scores; nil without finite scores.
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

  /// A pruning sweep as shares after 0, 1, ... channels, 0 to 1.
  public struct Curve: Codable, Sendable, Hashable {
    /// The layer that was pruned.
    public var layer: String
    /// The channels in the order of pruning.
    public var order: [Int]
    /// The accuracy on the defense's clean images.
    public var clean: [Double]
    /// The accuracy on the test images; empty without such images.
    public var test: [Double]
    /// The attack success rate on the poisoned images; empty without such images.
    public var poisoned: [Double]

    /// Creates a curve.
    public init(
      layer: String, order: [Int], clean: [Double], test: [Double] = [],
      poisoned: [Double] = []
    ) {
      self.layer = layer
      self.order = order
      self.clean = clean
      self.test = test
      self.poisoned = poisoned
    }
  }
}
