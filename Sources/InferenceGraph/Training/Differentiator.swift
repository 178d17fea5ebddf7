internal import CKernels

/// What a batch of images gave.
struct BatchResult {
  /// The mean cross-entropy over the images, in nats, with label smoothing.
  var loss: Double
  /// Images whose largest output is their label's.
  var correct: Int
}

/// Computes a model's loss on batches of images, and its gradient by reverse-mode differentiation.
///
/// The loss is the mean cross-entropy of the softmax of the output, which may end in softmax or be
/// logits. Results are the same bits for any number of threads.
public final class Differentiator {
  /// The model it was made with; its weights are the initial ones.
  public let model: Model
  /// The most images in a batch.
  public let batchSize: Int
  /// Weights and gradient, flat.
  let parameters: Parameters

  /// - Parameters:
  ///   - model: The network.
  ///   - batchSize: The most images in a batch.
  ///   - isTraining: Whether dropout acts and batch normalization uses the batch's statistics.
  ///   - freezesNormalization: Whether batch normalization uses the moving statistics all the same.
  ///   - differentiatesWeights: Whether the gradient of the weights is computed.
  ///   - differentiatesInput: Whether the gradient of the images is computed.
  /// - Throws: ``GraphError`` for a graph that cannot be trained, or that takes too much memory.
  public init(
    _ model: Model, batchSize: Int, isTraining: Bool = true, freezesNormalization: Bool = false,
    differentiatesWeights: Bool = true, differentiatesInput: Bool = false,
    options: ExecutionOptions = ExecutionOptions()
  ) throws(GraphError) {
    self.model = model
    self.batchSize = batchSize
    parameters = Parameters(model.graph)
  }

  /// Runs a batch forward and backward; the gradient is in ``parameters`` then.
  ///
  /// - Parameters:
  ///   - labels: The class of every image.
  ///   - smoothing: Label smoothing.
  ///   - seed: Decides dropout; give every step another.
  ///   - fill: Puts a block of images, 16 at most, scaled, into lanes; called from several threads.
  func run(
    labels: [Int32], smoothing: Float, seed: UInt64,
    fill: @Sendable (_ block: Int, UnsafeMutablePointer<Float>, dk_image) throws -> Void
  ) throws -> BatchResult {
    fatalError("not yet")
  }

  /// Returns each image's cross-entropy in nats, and its gradient with respect to the image.
  ///
  /// - Parameters:
  ///   - images: `[images][height][width][channels]`, as in a data set (before the model's input
  ///     scale); the gradient is in the same units and order.
  ///   - labels: A class for every image; any number of images.
  public func imageGradients(
    of images: [Float], labels: [Int32]
  ) throws -> (losses: [Float], gradients: [Float]) {
    fatalError("not yet")
  }

  /// The model with the current weights.
  var currentModel: Model { fatalError("not yet") }
}
