/// The results of a run for the suspect, its repaired copies and the detectors.
public struct Evaluation: Sendable {
  /// The results of one model on the test sets; nil for a missing set.
  public struct ModelResult: Sendable, Hashable {
    /// Counts over the test images.
    public var test: CleanCounts?
    /// Counts over the poisoned images.
    public var poisoned: AttackCounts?
    /// `byClass[c]`: counts over the test images of class c; empty if not computed.
    public var byClass: [ClassCounts] = []
    /// Counts over the test images by whether the clean images have their group; nil unless both
    /// sets are grouped.
    public var byGroup: GroupCounts?

    /// Creates a result.
    public init(test: CleanCounts? = nil, poisoned: AttackCounts? = nil) {
      self.test = test
      self.poisoned = poisoned
    }
  }

  /// The results of a detector, with one repaired model or with the suspect alone.
  public struct DetectorResult: Sendable, Hashable {
    /// The detector's name.
    public var detector: String
    /// Counts of its answers on the test sets.
    public var result: ModelResult
    /// Its scores of the test images.
    public var scores: DetectorScores
    /// The threshold that it set on clean images; nil if it has none.
    public var threshold: DetectionThreshold?
    /// The name of the file that the detector was written to as a model; nil if it was not written.
    public var file: String?

    /// The area under the ROC curve of its scores, poisoned against clean.
    public var auroc: Double? { scores.auroc }

    /// Creates a result.
    public init(
      detector: String, result: ModelResult, scores: DetectorScores = DetectorScores(),
      threshold: DetectionThreshold? = nil
    ) {
      self.detector = detector
      self.result = result
      self.scores = scores
      self.threshold = threshold
    }
  }

  /// The results of a repaired model, and of the detectors that use it.
  public struct RepairResult: Sendable {
    /// The repaired model and how it was made.
    public var repair: Repair
    /// The results of the repaired model by itself.
    public var result: ModelResult
    /// The results of each detector that compares the suspect with this model.
    public var detectors: [DetectorResult]
    /// The name of the file that the model was written to; nil if it was not written.
    public var file: String?

    /// Creates a result.
    public init(repair: Repair, result: ModelResult, detectors: [DetectorResult] = []) {
      self.repair = repair
      self.result = result
      self.detectors = detectors
    }
  }

  /// A pruning sweep on the defense's clean images and, if it was replayed, on the test sets.
  public struct CurveResult: Sendable, Hashable {
    /// The defense that made the sweep.
    public var defense: String
    /// The sweep on the defense's clean images.
    public var curve: PruningCurve
    /// `replay[k]`: the results after k channels; empty if the sweep was not replayed.
    public var replay: [ModelResult]

    /// Creates a result.
    public init(defense: String, curve: PruningCurve, replay: [ModelResult] = []) {
      self.defense = defense
      self.curve = curve
      self.replay = replay
    }
  }

  /// A verdict on the suspect, and the plugin that returned it.
  public struct VerdictResult: Sendable, Hashable {
    /// The plugin's name.
    public var verdict: String
    /// The plugin's verdict.
    public var result: ModelVerdict

    /// Creates a result.
    public init(verdict: String, result: ModelVerdict) {
      self.verdict = verdict
      self.result = result
    }
  }

  /// The result of a data-set detector on the suspect's training set.
  public struct DataSetResult: Sendable, Hashable {
    /// The detector's name.
    public var detector: String
    /// The scores of the training images.
    public var scores: DataSetScores
    /// How well the scores separate poisoned images from the others.
    public var counts: DataSetCounts

    /// Creates a result.
    public init(detector: String, scores: DataSetScores, counts: DataSetCounts) {
      self.detector = detector
      self.scores = scores
      self.counts = counts
    }
  }

  /// The results of the suspect.
  public var suspect: ModelResult
  /// The results of the detectors that use the suspect alone.
  public var suspectDetectors: [DetectorResult]
  /// The results of each repaired model.
  public var repairs: [RepairResult]
  /// The sweeps of all defenses that pruned.
  public var curves: [CurveResult]
  /// The verdicts on the suspect.
  public var verdicts: [VerdictResult] = []
  /// The results of data-set detectors on the suspect's training set.
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
  /// Returns the defense effectiveness rating of a repaired model: (max(0, fall of the attack
  /// success) - max(0, fall of the clean accuracy) + 1) / 2, 0 to 1. An unchanged model has 0.5.
  ///
  /// Source: Zhu et al., "Enhancing Fine-Tuning Based Backdoor Defense with Sharpness-Aware
  /// Minimization", ICCV 2023.
  ///
  /// - Parameter suspect: The suspect's results on the same images.
  /// - Returns: The rating; nil unless both test sets were used.
  public func effectiveness(against suspect: Evaluation.ModelResult) -> Double? {
    guard let test, let before = suspect.test, let attack = poisoned?.counted,
      let attackBefore = suspect.poisoned?.counted
    else { return nil }
    let gain = max(0, attackBefore.successRate - attack.successRate)
    return (gain - max(0, before.accuracy - test.accuracy) + 1) / 2
  }
}
