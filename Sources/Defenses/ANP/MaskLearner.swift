internal import DefenseKit

/// Learns a mask for every channel of a network's batch normalizations.
///
/// Channel k is multiplied by gamma_k, then beta_k is added. A mask m_k turns them into m_k *
/// gamma_k and beta_k, and a perturbation into (m_k + delta_k) * gamma_k and (1 + xi_k) * beta_k
/// (Wu and Wang 2021, equations 3 and 6).
struct MaskLearner {
  /// Perturbations of the factors on the channels of one normalization.
  struct Factors: Equatable {
    /// On gamma, `[channels]`.
    var gamma: [Float]
    /// On beta, `[channels]`; empty if the normalization has no beta.
    var beta: [Float]
  }

  /// The names of the normalizations, in the graph's order.
  let layers: [String]
  /// The masks, `[layers][channels]`, 0 to 1.
  private(set) var masks: [[Float]]
  private let options: ANP.Options
  private let backpropagation: Backpropagation
  private var optimizers: [ValueOptimizer]
  private let hasBeta: [Bool]

  /// Creates a learner whose masks are all 1.
  ///
  /// - Parameters:
  ///   - model: A model with batch normalizations.
  ///   - batchSize: The maximum number of images in a batch.
  ///   - isTraining: Whether the normalizations use the batch's statistics.
  ///   - options: The hyperparameters.
  ///   - execution: The number of threads.
  /// - Throws: `GraphError` for a model that cannot be differentiated.
  init(
    _ model: Model, batchSize: Int, isTraining: Bool = true, _ options: ANP.Options,
    _ execution: ExecutionOptions
  ) throws {
    var model = model
    layers = model.graph.normalizations
    masks = []
    var hasBeta: [Bool] = []
    for layer in layers {
      var normalization = try model.graph.batchNormalization(layer)
      let channels = normalization.mean.count
      // A missing gamma counts as 1; only a gamma that is present gets a gradient.
      normalization.gamma = normalization.gamma ?? Tensor(shape: [channels], repeating: 1)
      model.graph = try model.graph.replacing(layer, with: .batchNormalization(normalization))
      masks.append(Array(repeating: 1, count: channels))
      hasBeta.append(normalization.beta != nil)
    }
    self.hasBeta = hasBeta
    self.options = options
    optimizers = masks.map {
      ValueOptimizer(.sgd(momentum: options.momentum), count: $0.count)
    }
    backpropagation = try Backpropagation(
      model, batchSize: batchSize, isTraining: isTraining, layers: layers, options: execution)
  }

  /// Returns perturbations drawn uniformly from -epsilon to epsilon.
  func noise(_ numbers: inout SeededGenerator) -> [Factors] {
    layers.indices.map { layer in
      func draw(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float((2 * numbers.unit() - 1) * options.epsilon) }
      }
      let count = masks[layer].count
      return Factors(gamma: draw(count), beta: draw(hasBeta[layer] ? count : 0))
    }
  }

  /// Moves the masks by one step.
  ///
  /// - Parameters:
  ///   - start: The perturbations from which the ascent starts.
  ///   - loss: Differentiates the batch's cross-entropy.
  /// - Returns: The cross-entropy without perturbations.
  /// - Throws: The errors of `loss`.
  mutating func step(
    from start: [Factors], _ loss: (Backpropagation) throws -> Double
  ) throws -> Double {
    let (epsilon, alpha) = (Float(options.epsilon), Float(options.alpha))
    let size = epsilon / Float(options.steps)
    var noise = start
    for _ in 0..<options.steps {
      setFactors(noise)
      _ = try loss(backpropagation)
      for layer in layers.indices {
        climb(&noise[layer].gamma, backpropagation.factorGradient(.gamma, of: layers[layer]), size)
        guard hasBeta[layer] else { continue }
        climb(&noise[layer].beta, backpropagation.factorGradient(.beta, of: layers[layer]), size)
      }
    }
    setFactors(noise)
    _ = try loss(backpropagation)
    let perturbed = layers.map { backpropagation.factorGradient(.gamma, of: $0) }
    setFactors(
      layers.indices.map { layer in
        Factors(
          gamma: masks[layer].map { _ in 0 },
          beta: hasBeta[layer] ? masks[layer].map { _ in 0 } : [])
      })
    let value = try loss(backpropagation)
    for layer in layers.indices {
      let plain = backpropagation.factorGradient(.gamma, of: layers[layer])
      let gradient = zip(plain, perturbed[layer]).map { alpha * $0 + (1 - alpha) * $1 }
      optimizers[layer].step(&masks[layer], along: gradient, rate: options.learningRate)
      for channel in masks[layer].indices {
        masks[layer][channel] = min(max(masks[layer][channel], 0), 1)
      }
    }
    return value
  }

  /// Takes a step along the gradient's sign and clips to -epsilon...epsilon.
  private func climb(_ noise: inout [Float], _ gradient: [Float], _ size: Float) {
    let epsilon = Float(options.epsilon)
    for channel in noise.indices {
      let derivative = gradient[channel]
      let moved = noise[channel] + (derivative > 0 ? size : derivative < 0 ? -size : 0)
      noise[channel] = min(max(moved, -epsilon), epsilon)
    }
  }

  private func setFactors(_ noise: [Factors]) {
    for (layer, name) in layers.enumerated() {
      backpropagation.setFactors(
        zip(masks[layer], noise[layer].gamma).map { $0 + $1 }, on: .gamma, of: name)
      if hasBeta[layer] {
        backpropagation.setFactors(noise[layer].beta.map { 1 + $0 }, on: .beta, of: name)
      }
    }
  }
}
