internal import DefenseKit

/// Searches a perturbation that all images share, and trains the weights against it.
///
/// Perturbations are in units of the images' value range: pixels from 0 to 1.
struct Unlearner {
  /// Labelled images.
  struct Images {
    /// `[images][height][width][channels]`, in the data's units.
    var values: [Float]
    /// The class of each image.
    var labels: [Int32]
  }

  /// The result of a step.
  struct Step {
    /// The outer loss before the step: the cross-entropy with some images perturbed.
    var loss: Double
    /// The iteration for the hypergradient.
    var iteration: FixedPoint
    /// Whether loss and weights are finite.
    var isFinite: Bool
  }

  private let options: IBAU.Options
  /// The width of the images' value range.
  private let span: Float
  /// The distance of the central differences, relative to max(1, |delta|).
  private let distance: Double
  private let size: Int
  /// Differentiates with respect to images.
  private let search: Backpropagation
  /// Differentiates with respect to weights, and owns them.
  private let network: Backpropagation
  private let optimizer: WeightOptimizer

  /// Prepares an unlearner. The model runs as at inference throughout.
  ///
  /// - Throws: `GraphError` for a model that cannot be differentiated; `MemoryError`.
  init(
    _ model: Model, batchSize: Int, span: Float, distance: Double = 1e-2, _ options: IBAU.Options,
    _ execution: ExecutionOptions
  ) throws {
    self.options = options
    self.span = span
    self.distance = distance
    size = model.graph.inputShape.reduce(1, *)
    search = try Backpropagation(
      model, batchSize: batchSize, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: execution)
    network = try Backpropagation(
      model, batchSize: 3 * batchSize, isTraining: false, options: execution)
    optimizer = try WeightOptimizer(network, .adam(epsilon: 1e-8))
  }

  /// The model with the current weights.
  var model: Model { network.currentModel }

  /// A perturbation of zeros.
  var noPerturbation: [Float] { Array(repeating: 0, count: size) }

  /// Returns the class of each image.
  func classes(of images: [Float]) throws -> [Int32] {
    try search.evaluate(images)
    let outputs = search.outputs
    let count = images.count / size
    let classes = outputs.count / count
    return (0..<count).map { image in
      var best = 0
      for c in 1..<classes where outputs[image * classes + c] > outputs[image * classes + best] {
        best = c
      }
      return Int32(best)
    }
  }

  /// Returns images with a perturbation added to some of them; nil: to all.
  func perturbed(_ images: [Float], by delta: [Float], _ some: [Int]? = nil) -> [Float] {
    var result = images
    for image in some ?? Array(0..<images.count / size) {
      for element in 0..<size { result[image * size + element] += span * delta[element] }
    }
    return result
  }

  /// Returns the mean cross-entropy of images with a perturbation, and its gradient with respect to
  /// it.
  func gradient(
    at delta: [Float], _ images: Images, _ some: [Int]? = nil
  ) throws -> (loss: Double, gradient: [Float]) {
    let loss = try search.differentiate(
      .crossEntropy(images.labels), at: perturbed(images.values, by: delta, some))
    let gradient = search.inputGradient
    var sums = Array(repeating: 0.0, count: size)
    for image in some ?? Array(images.labels.indices) {
      for element in 0..<size { sums[element] += Double(gradient[image * size + element]) }
    }
    return (loss, sums.map { Float($0 * Double(span)) })
  }

  /// Takes a step of the search: away from the network's own classes, within the radius.
  func ascend(_ delta: inout [Float], _ images: [Float]) throws {
    let target = Images(values: images, labels: try classes(of: images))
    let derivative = try gradient(at: delta, target).gradient
    let (rate, shrink) = (Float(options.searchRate), Float(2 * options.penalty))
    for element in delta.indices {
      delta[element] += rate * (derivative[element] - shrink * delta[element])
    }
    let norm = FixedPoint.norm(delta)
    if norm > options.radius {
      for element in delta.indices { delta[element] *= Float(options.radius / norm) }
    }
  }

  /// Takes a step of training along the hypergradient.
  ///
  /// - Parameters:
  ///   - images: The batch with its labels.
  ///   - patched: The positions of its images that get the perturbation.
  ///   - delta: The perturbation.
  ///   - inner: The batch of the inner loss, with the classes that the search moves away from.
  /// - Throws: The errors of the backpropagation.
  func step(
    _ images: Images, patched: [Int], delta: [Float], inner: Images
  ) throws -> Step {
    let outer = try gradient(at: delta, images, patched)
    let base = FixedPoint.norm(delta)
    /// Half the distance of a central difference along v.
    func half(_ v: [Float]) -> Double {
      let norm = FixedPoint.norm(v)
      return norm > 0 ? distance * max(1, base) / norm : 0
    }
    func moved(_ v: [Float], _ distance: Double) -> [Float] {
      zip(delta, v).map { Float(Double($0) + distance * Double($1)) }
    }
    let (inward, shrink) = (options.innerStep, 2 * options.penalty)
    // J = I - step * (2 * penalty * I - H) with the Hessian H of the inner cross-entropy.
    let iteration = try FixedPoint(outer.gradient, iterations: options.iterations) { v in
      let h = half(v)
      guard h > 0, h.isFinite else { return v }
      let up = try gradient(at: moved(v, h), inner).gradient
      let down = try gradient(at: moved(v, -h), inner).gradient
      return v.indices.map { index in
        let product = (Double(up[index]) - Double(down[index])) / (2 * h)
        return Float(Double(v[index]) * (1 - inward * shrink) + inward * product)
      }
    }
    guard outer.loss.isFinite, iteration.value.allSatisfy(\.isFinite) else {
      return Step(loss: outer.loss, iteration: iteration, isFinite: false)
    }
    // dL1/dtheta + step * d/dtheta (grad_delta CE . v) as the gradient of one weighted sum.
    let (count, h) = (images.labels.count, half(iteration.value))
    var values = perturbed(images.values, by: delta, patched)
    var labels = images.labels
    var weights = Array(repeating: 1 / Double(count), count: count)
    if h > 0 {
      for sign in [1.0, -1] {
        values += perturbed(inner.values, by: moved(iteration.value, sign * h))
        labels += inner.labels
        let weight = sign * inward / (2 * h) / Double(inner.labels.count)
        weights += Array(repeating: weight, count: inner.labels.count)
      }
    }
    try network.differentiate(.weightedCrossEntropy(labels, weights: weights), at: values)
    let isFinite = optimizer.step(rate: options.learningRate)
    for node in model.graph.nodes {
      for (role, tensor) in node.operation.namedWeights where role.isTrained {
        search.setWeight(role, of: node.name, to: tensor.values)
      }
    }
    return Step(loss: outer.loss, iteration: iteration, isFinite: isFinite)
  }
}
