public import DefenseKit

/// Flags an image if the suspect and its repaired copy disagree on it.
///
/// With the suspect B, a repaired copy B' and N classes counted from 0,
///
///     G(x) = B(x) if B(x) = B'(x), else N.
///
/// On clean images both mostly agree; a trigger moves B to the attacker's class, and B' less and
/// less as it loses the backdoor. If the image is undefined for either model (see
/// `Prediction.undefined`), G(x) is N: breaking the computation gets nothing past the detector. The
/// score is KL(p || p'), the divergence of the two softmax outputs, in nats, and NaN for an
/// undefined image.
///
/// With ``Options/alarms``, a threshold replaces agreement. The score is
///
///     s(x) = -log p'(B(x)),
///
/// the negative log-likelihood of the suspect's class under the repaired copy, in nats, and
///
///     G(x) = B(x) if s(x) <= t, else N.
///
/// The threshold t is the smallest that at most the given share of held-out clean images exceeds
/// (see `DetectionThreshold`), which the repaired copy was not trained on (see `Repair.heldOut`).
/// Undefined images remain N.
///
/// Source: the backdoor lab of CSAW-HackML 2020 (Dolan-Gavitt and Garg, New York University).
public struct GoodNet: Detector {
  /// "goodnet".
  public static let name = "goodnet"
  /// One sentence for listings.
  public static let summary = "Flags images on which the suspect and its repaired copy disagree."

  /// A repaired copy; no data, as agreement needs no threshold.
  public static let requirements: [PluginRequirement] = [.repairedModel]

  /// A repaired copy, and clean images if ``Options/alarms`` is set.
  public var needs: [PluginRequirement] {
    Self.requirements + (options.alarms == nil ? [] : [.cleanData])
  }

  /// The options of this detector.
  public let options: Options

  /// Creates the detector with all defaults.
  public init() { options = Options() }

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if `alarms` is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Prepares the comparison; sets the threshold on clean images if ``Options/alarms`` is set.
  ///
  /// Warns if the repaired copy has no held-out images, so that all clean images are used.
  ///
  /// - Throws: `PluginError` if the models have different input shapes, input scales or numbers of
  ///   classes; with ``Options/alarms``, `PluginError` without clean images and the errors of
  ///   running the models on them.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let repaired = try required(repaired)
    let models = [suspect, repaired.model]
    try Self.check(suspect, repaired.model)
    guard let alarms = options.alarms else { return Comparison(models: models) }
    return Likelihood(
      models: models,
      threshold: try Self.threshold(
        of: models, repaired, alarms: alarms, on: required(clean), in: context))
  }

  /// Returns GoodNet as one ordinary model; nil if ``Options/alarms`` is set.
  public func model(suspect: Model, repaired: Model) throws -> Model? {
    options.alarms == nil ? try Self.model(suspect: suspect, repaired: repaired) : nil
  }

  /// Returns the class on which both predictions agree, else `Prediction.flagged`.
  public static func prediction(suspect: Prediction, repaired: Prediction) -> Prediction {
    suspect == repaired && suspect != .undefined ? suspect : .flagged
  }

  /// Checks that both models have the same inputs and number of classes.
  static func check(_ suspect: Model, _ repaired: Model) throws(PluginError) {
    guard suspect.classCount == repaired.classCount,
      suspect.graph.inputShape == repaired.graph.inputShape,
      suspect.preprocessing == repaired.preprocessing
    else {
      throw PluginError(
        .unsuitableModel,
        "compares models with equal inputs and classes, but the suspect takes "
          + "\(suspect.graph.inputShape) (\(suspect.preprocessing)) to \(suspect.classCount) classes and "
          + "the repaired one \(repaired.graph.inputShape) (\(repaired.preprocessing)) to "
          + "\(repaired.classCount)", about: .plugin(Self.name),
        remedies: [.advice("give a repaired copy of this suspect")])
    }
  }
}

/// The fitted detector, which compares the two models' predictions batch by batch.
private struct Comparison: FittedDetector {
  let models: [Model]

  func detections(for batch: DetectorBatch) -> [Detection] {
    let suspect = batch.predictions(of: 0)
    let repaired = batch.predictions(of: 1)
    let divergence = batch.divergence(from: 0, to: 1)
    return suspect.indices.map {
      Detection(
        GoodNet.prediction(suspect: suspect[$0], repaired: repaired[$0]), score: divergence[$0])
    }
  }
}
