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
/// Source: the backdoor lab of CSAW-HackML 2020 (Dolan-Gavitt and Garg, New York University).
public struct GoodNet: Detector {
  /// "goodnet".
  public static let name = "goodnet"
  /// One sentence for listings.
  public static let summary = "Flags images on which the suspect and its repaired copy disagree."

  /// A repaired copy; no data, as agreement needs no threshold.
  public static let requirements: [PluginRequirement] = [.repairedModel]

  /// Creates the detector.
  public init() {}

  /// Creates the detector; it has no options.
  public init(options: NoOptions) {}

  /// Prepares the comparison; `clean` is not used.
  ///
  /// - Throws: `PluginError` if the models have different input shapes, input scales or numbers of
  ///   classes.
  public func fitted(
    to suspect: Model, repaired: Model?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let repaired = try required(repaired)
    try Self.check(suspect, repaired)
    return Comparison(models: [suspect, repaired])
  }

  /// Returns GoodNet as one ordinary model.
  public func model(suspect: Model, repaired: Model) throws -> Model? {
    try Self.model(suspect: suspect, repaired: repaired)
  }

  /// Returns the class on which both predictions agree, else `Prediction.flagged`.
  public static func prediction(suspect: Prediction, repaired: Prediction) -> Prediction {
    suspect == repaired && suspect != .undefined ? suspect : .flagged
  }

  /// Checks that both models have the same inputs and number of classes.
  static func check(_ suspect: Model, _ repaired: Model) throws(PluginError) {
    guard suspect.classCount == repaired.classCount,
      suspect.graph.inputShape == repaired.graph.inputShape,
      suspect.inputScale == repaired.inputScale
    else {
      throw PluginError(
        .unsuitableModel,
        "compares models with equal inputs and classes, but the suspect takes "
          + "\(suspect.graph.inputShape) x \(suspect.inputScale) to \(suspect.classCount) classes and "
          + "the repaired one \(repaired.graph.inputShape) x \(repaired.inputScale) to "
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
