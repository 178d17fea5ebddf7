public import InferenceGraph

/// A fitted detector, ready to classify images.
///
/// The evaluator runs the models of all fitted detectors in one pass over the images and shares
/// common work. Each one therefore declares what it reads and computes its verdicts from that. A
/// detector that needs other images (perturbed or blended ones) makes them from
/// ``DetectorBatch/images()`` and runs its own `Executor`.
public protocol FittedDetector: Sendable {
  /// The models whose results the detector reads.
  var models: [Model] { get }
  /// The nodes whose values the detector reads: a position in `models` and the node's name.
  var observations: [(model: Int, node: String)] { get }
  /// The threshold that was set on clean images, for the report; nil if there is none.
  var detectionThreshold: DetectionThreshold? { get }
  /// Returns one verdict per image, in the batch's order.
  ///
  /// Several threads call it at once, with groups of images in no fixed order.
  ///
  /// - Throws: Any error that is to stop the run.
  func detections(for batch: DetectorBatch) throws -> [Detection]
}

extension FittedDetector {
  /// Empty by default: no values of inner nodes are read.
  public var observations: [(model: Int, node: String)] { [] }
  /// Nil by default.
  public var detectionThreshold: DetectionThreshold? { nil }
}
