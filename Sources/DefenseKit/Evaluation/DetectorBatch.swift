public import InferenceGraph

/// A group of images with the results of a fitted detector's models; valid only during the call.
public struct DetectorBatch {
  let batch: Executor.Batch
  let models: [Int]
  let firstObservation: Int

  /// The positions of the images in their data set.
  public var indices: Range<Int> { batch.indices }

  /// A model's prediction for each image; ties go to the lowest class.
  ///
  /// Here and below, models are identified by their position in ``FittedDetector/models``.
  public func predictions(of model: Int) -> [Prediction] { batch.predictions(of: models[model]) }

  /// The outputs of a model, images x classes, row-major; after softmax if the model ends in one.
  public func outputs(of model: Int) -> [Float] { batch.outputs(of: models[model]) }

  /// The divergence KL(p_a || p_b) of two models' softmax outputs for each image, in nats.
  public func divergence(from a: Int, to b: Int) -> [Float] {
    batch.divergence(from: models[a], to: models[b])
  }

  /// The negative log-likelihood of a class under a model's softmax for each image, in nats.
  ///
  /// - Parameters:
  ///   - model: The model; its logits count, even if it does not end in softmax.
  ///   - predictions: One for each image, of any model with as many classes.
  /// - Returns: -log p(class), 0 or more; NaN for an image without a class and for one that is
  ///   undefined for the model.
  public func negativeLogLikelihoods(
    of model: Int, for predictions: [Prediction]
  ) -> [Float] {
    batch.negativeLogLikelihoods(of: models[model], for: predictions)
  }

  /// The values of an observed node, images x elements, row-major `[height][width][channel]`.
  public func values(ofObservation index: Int) -> [Float] {
    batch.values(ofObservation: firstObservation + index)
  }

  /// The images multiplied by the suspect's input scale, images x elements, row-major
  /// `[height][width][channel]`.
  public func images() -> [Float] { batch.images() }
}
