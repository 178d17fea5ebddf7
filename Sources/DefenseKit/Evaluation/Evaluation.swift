/// The results of a run: how the suspect, its repaired copies and the detectors did.
public struct Evaluation: Sendable {
  /// How one model did on the test sets; nil where there is no such set.
  public struct ModelResult: Sendable, Hashable {
    /// On clean test images.
    public var clean: CleanCounts?
    /// On poisoned test images.
    public var poisoned: AttackCounts?

    /// Creates a result.
    public init(clean: CleanCounts? = nil, poisoned: AttackCounts? = nil) {
      self.clean = clean
      self.poisoned = poisoned
    }
  }

  /// How a detector did with one repaired model.
  public struct DetectorResult: Sendable, Hashable {
    /// The detector's name.
    public var detector: String
    /// Its verdicts on the test sets.
    public var verdicts: ModelResult
    /// The area under the ROC curve of its scores, poisoned against clean.
    public var auroc: Double?
    /// Test images, clean and poisoned, whose score is not a number; they rank as most suspicious.
    public var unscored: Int

    /// Creates a result.
    public init(
      detector: String, verdicts: ModelResult, auroc: Double? = nil, unscored: Int = 0
    ) {
      self.detector = detector
      self.verdicts = verdicts
      self.auroc = auroc
      self.unscored = unscored
    }
  }

  /// A repaired model, how it did, and how the detectors did with it.
  public struct RepairResult: Sendable {
    /// The repaired model and how it was made.
    public var repair: Repair
    /// How it did by itself.
    public var result: ModelResult
    /// How each detector did with it.
    public var detectors: [DetectorResult]

    /// Creates a result.
    public init(repair: Repair, result: ModelResult, detectors: [DetectorResult] = []) {
      self.repair = repair
      self.result = result
      self.detectors = detectors
    }
  }

  /// A sweep as the defense saw it and, if it was replayed, on the test sets.
  public struct CurveResult: Sendable, Hashable {
    /// The defense that made the sweep.
    public var defense: String
    /// The sweep over the defense's clean data.
    public var curve: PruningCurve
    /// `replay[k]`: the results after k channels; empty if the sweep wasn't replayed.
    public var replay: [ModelResult]

    /// Creates a result.
    public init(defense: String, curve: PruningCurve, replay: [ModelResult] = []) {
      self.defense = defense
      self.curve = curve
      self.replay = replay
    }
  }

  /// How the suspect did.
  public var suspect: ModelResult
  /// How each repaired model did.
  public var repairs: [RepairResult]
  /// The sweeps of all defenses that pruned.
  public var curves: [CurveResult]

  /// Creates an evaluation.
  public init(
    suspect: ModelResult, repairs: [RepairResult] = [], curves: [CurveResult] = []
  ) {
    self.suspect = suspect
    self.repairs = repairs
    self.curves = curves
  }
}
