public import DefenseKit

/// Flags an image if a copy of the suspect that has forgotten clean images still gives its class.
///
/// The expert is the suspect trained briefly on clean images with wrong labels, (y + 1) mod N: it
/// forgets what clean images show and keeps what a trigger does. The shadow is a copy without the
/// backdoor. With c the suspect's class of an image, y its probability under the shadow, x that
/// under the expert and a knee k, the score is
///
///     s = -min( y / (k * x), (1 - x) / max(k - y, 1e-8) ),
///
/// at most 0: high if the expert is sure of the class and the shadow is not. An image that is
/// undefined for any of the three (see `Prediction.undefined`) is flagged with a score of NaN.
///
/// The expert is trained, with Adam, for the first number of epochs after which it classifies at
/// most 1/N of the held-out clean images correctly, N the number of classes. The shadow is tuned on
/// the same images or, with `shadow=repaired`, is the repaired copy of a defense. The threshold is
/// the smallest that at most a share `alarms` of the held-out images exceeds.
///
/// The authors train the expert for one epoch and the shadow with a schedule of their own; the
/// shadow's training here is that of the defense `fine-tuning`. The knee is 0.5 in their work for
/// residual networks, 0.4 for VGG and 0.2 for MobileNet.
///
/// Source: Xie, Qi, He, Li, Wang and Mittal, "BaDExpert: Extracting Backdoor Functionality for
/// Accurate Backdoor Input Detection", ICLR 2024.
public struct BaDExpert: Detector {
  /// "bad-expert".
  public static let name = "bad-expert"
  /// One sentence for listings.
  public static let summary =
    "Flags images whose class survives in a copy that has forgotten clean images."
  /// Labelled clean images and two classes.
  public static let requirements: [PluginRequirement] = [.cleanData, .labels, .classes(2)]

  /// ``requirements``, and a repaired copy if it serves as the shadow.
  public var needs: [PluginRequirement] {
    Self.requirements + (options.shadow == .repaired ? [.repairedModel] : [])
  }

  /// The options of this detector.
  public let options: Options

  /// Creates the detector with all defaults.
  public init() { options = Options() }

  /// Creates the detector.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Trains the expert and, unless a repaired copy serves, the shadow; sets the threshold on clean
  /// images that neither was trained on.
  ///
  /// Warns if none are known to be held out of the repaired copy: then the expert holds some out,
  /// which the copy may have been trained on.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a repaired copy with other inputs or
  ///   classes, and `untrainable` for too few images or a training that diverges; the errors of
  ///   `FineTuner.tune(_:after:suspect:using:_:in:)`.
  public func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) throws -> any FittedDetector {
    let clean = try required(clean)
    try clean.check(against: suspect)
    let (shadow, heldOut) = try shadow(of: suspect, repaired, clean, in: context)
    let expert = try expert(of: suspect, on: clean, heldOut: heldOut, in: context)
    var fitted = ExpertTest(models: [suspect, shadow, expert], knee: options.knee)
    fitted.detectionThreshold = try fitted.threshold(
      on: clean, at: heldOut, alarms: options.alarms, for: Self.name, in: context)
    return fitted
  }

  /// Returns the shadow, and the positions of clean images that it was not trained on, as far as
  /// that is known.
  private func shadow(
    of suspect: Model, _ repaired: Repair?, _ clean: CleanData, in context: RunContext
  ) throws -> (Model, heldOut: [Int]) {
    guard options.shadow == .repaired else {
      let tuned = try FineTuner(options.tuning, for: Self.name)
        .tune(suspect, using: clean, "shadow", in: context)
      return (tuned.model, tuned.heldOut)
    }
    let repaired = try required(repaired)
    let copy = repaired.model
    guard copy.classCount == suspect.classCount,
      copy.graph.inputShape == suspect.graph.inputShape
    else {
      throw PluginError(
        .unsuitableModel,
        "compares models with equal inputs and classes, but the suspect takes "
          + "\(suspect.graph.inputShape) to \(suspect.classCount) classes and the repaired copy "
          + "\(copy.graph.inputShape) to \(copy.classCount)", about: .plugin(Self.name),
        remedies: [.advice("give a repaired copy of this suspect")])
    }
    guard repaired.heldOut.isEmpty else { return (copy, repaired.heldOut) }
    context.warn(
      "bad-expert with \(repaired.title): the threshold is set on images of \(clean.name) that the "
        + "repaired copy may have been trained on, as none are known to be held out of the repair; "
        + "if it was, more than bad-expert.alarms of other clean images may be flagged")
    var random = SeededGenerator(seed: context.seed)
    let count = max(1, Int((options.tuning.heldOut * Double(clean.count)).rounded()))
    let order = try clean.contentOrder()
    let (heldOut, _) = try clean.split(
      random.permutation(clean.count), holdingOut: count, for: Self.name)
    return (copy, heldOut.map { order[$0] }.sorted())
  }
}
