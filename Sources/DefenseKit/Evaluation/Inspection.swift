public import InferenceGraph

/// A prepared detector, ready to look at images.
///
/// The evaluator runs the models of all inspections in one pass over the images and merges what
/// they share, so that an inspection names what it reads and computes its verdicts from that. A
/// detector that needs other images (perturbed or blended ones) makes them from
/// ``InspectedBatch/images()`` and runs an `Executor` of its own.
public protocol Inspection: Sendable {
  /// The models whose results it reads.
  var models: [Model] { get }
  /// The nodes whose values it reads: the position of a model in `models`, and the node's name.
  var observations: [(model: Int, node: String)] { get }
  /// Returns one verdict an image, in the batch's order.
  ///
  /// It is called from several threads at once, with groups of images in no fixed order.
  ///
  /// - Throws: What stops the run.
  func verdicts(for batch: InspectedBatch) throws -> [Verdict]
}

extension Inspection {
  /// By default no inner values are read.
  public var observations: [(model: Int, node: String)] { [] }
}
