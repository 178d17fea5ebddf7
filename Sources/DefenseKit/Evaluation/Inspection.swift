public import InferenceGraph

/// What a detector says about one image.
public struct Verdict: Sendable, Hashable {
  /// The class, or N (one past the last class) for an image that is held to be triggered.
  public var label: Int32
  /// How suspicious the image is; higher is more suspicious, and any scale will do.
  public var score: Float

  /// Creates a verdict.
  public init(label: Int32, score: Float) {
    self.label = label
    self.score = score
  }
}

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

/// A group of images with the results of an inspection's models; valid only during the call.
public struct InspectedBatch {
  let batch: Batch
  let models: [Int]
  let firstObservation: Int

  /// The positions of the images in their data set.
  public var indices: Range<Int> { batch.indices }

  /// The class that a model gives every image; ties go to the lowest class.
  ///
  /// Here and below, a model is meant by its position in the inspection's `models`.
  public func predictions(of model: Int) -> [Int32] { batch.predictions(of: models[model]) }

  /// The outputs of a model, images x classes, row-major; after softmax where it ends in one.
  public func outputs(of model: Int) -> [Float] { batch.outputs(of: models[model]) }

  /// The divergence KL(p_a || p_b) of two models' softmax outputs for every image, in nats.
  public func divergence(from a: Int, to b: Int) -> [Float] {
    batch.divergence(from: models[a], to: models[b])
  }

  /// The values of an observed node, images x elements, row-major `[height][width][channel]`.
  public func values(ofObservation index: Int) -> [Float] {
    batch.values(ofObservation: firstObservation + index)
  }

  /// The images as the suspect's network sees them, times its input scale, images x elements,
  /// row-major `[height][width][channel]`.
  public func images() -> [Float] { batch.images() }
}
