/// The results of a run: how the suspect, its repaired copies and the detectors did.
public struct Evaluation: Sendable {
  /// How one model did on the test sets; nil where there is no such set.
  public struct ModelResult: Sendable, Hashable {
    /// On clean test images.
    public var clean: CleanCounts?
    /// On poisoned test images.
    public var poisoned: AttackCounts?
    /// `byClass[c]`: on the clean test images of class c; empty where that was not asked for.
    public var byClass: [ClassCounts] = []

    /// Creates a result.
    public init(clean: CleanCounts? = nil, poisoned: AttackCounts? = nil) {
      self.clean = clean
      self.poisoned = poisoned
    }
  }

  /// How a detector did, with one repaired model or with the suspect alone.
  public struct DetectorResult: Sendable, Hashable {
    /// The detector's name.
    public var detector: String
    /// Its verdicts on the test sets.
    public var verdicts: ModelResult
    /// Its scores of the test images.
    public var scores: DetectorScores
    /// The name of the file that it was written to as a model; nil if it was not.
    public var file: String?

    /// The area under the ROC curve of its scores, poisoned against clean.
    public var auroc: Double? { scores.auroc }

    /// Creates a result.
    public init(
      detector: String, verdicts: ModelResult, scores: DetectorScores = DetectorScores()
    ) {
      self.detector = detector
      self.verdicts = verdicts
      self.scores = scores
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
    /// The name of the file that the model was written to; nil if it was not.
    public var file: String?

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

  /// What a verdict says of the suspect.
  public struct VerdictResult: Sendable, Hashable {
    /// The plugin's name.
    public var verdict: String
    /// What it says.
    public var result: ModelVerdict

    /// Creates a result.
    public init(verdict: String, result: ModelVerdict) {
      self.verdict = verdict
      self.result = result
    }
  }

  /// What a data-set detector says of the suspect's training set.
  public struct DataSetResult: Sendable, Hashable {
    /// The detector's name.
    public var detector: String
    /// Its scores.
    public var scores: DataSetScores
    /// How well they tell poisoned images from others.
    public var counts: DataSetCounts

    /// Creates a result.
    public init(detector: String, scores: DataSetScores, counts: DataSetCounts) {
      self.detector = detector
      self.scores = scores
      self.counts = counts
    }
  }

  /// How the suspect did.
  public var suspect: ModelResult
  /// How the detectors did that look at the suspect alone.
  public var suspectDetectors: [DetectorResult]
  /// How each repaired model did.
  public var repairs: [RepairResult]
  /// The sweeps of all defenses that pruned.
  public var curves: [CurveResult]
  /// What verdicts say of the suspect.
  public var verdicts: [VerdictResult] = []
  /// What data-set detectors say of its training set.
  public var dataSets: [DataSetResult] = []

  /// Creates an evaluation.
  public init(
    suspect: ModelResult, suspectDetectors: [DetectorResult] = [], repairs: [RepairResult] = [],
    curves: [CurveResult] = []
  ) {
    self.suspect = suspect
    self.suspectDetectors = suspectDetectors
    self.repairs = repairs
    self.curves = curves
  }
}

extension Evaluation.ModelResult {
  /// The defense effectiveness rating of a repaired model: (max(0, fall of the attack success) -
  /// max(0, fall of the clean accuracy) + 1) / 2, 0 to 1. Doing nothing has 0.5.
  ///
  /// Source: Zhu et al., "Enhancing Fine-Tuning Based Backdoor Defense with Sharpness-Aware
  /// Minimization", ICCV 2023.
  ///
  /// - Parameter suspect: How the suspect did on the same images.
  /// - Returns: The rating, or nil without both test sets.
  public func effectiveness(against suspect: Evaluation.ModelResult) -> Double? {
    guard let clean, let before = suspect.clean, let attack = poisoned?.counted,
      let attackBefore = suspect.poisoned?.counted
    else { return nil }
    let gain = max(0, attackBefore.successRate - attack.successRate)
    return (gain - max(0, before.accuracy - clean.accuracy) + 1) / 2
  }
}
