internal import DefenseKit

/// Learns upper bounds of channels that leave the logits of clean images as they are.
///
/// A bound is w = unit * u. The loss is the mean squared difference of bounded and original logits
/// plus c times the sum over layers of |u|.
struct BoundLearner {
  /// The bounds in units, `[layers][channels]`.
  private(set) var values: [[Float]]
  /// The weight c.
  var weight: Double
  private let options: MMBM.Options
  private let units: [Float]
  private let network: BoundedNetwork
  private let backpropagation: Backpropagation
  private var optimizers: [ValueOptimizer]

  /// Creates a learner whose bounds are all at the start.
  ///
  /// - Parameters:
  ///   - suspect: The network, which runs as at inference.
  ///   - layers: The names of the layers to bound.
  ///   - units: The unit of each layer's bounds.
  ///   - batchSize: The most images in a step.
  ///   - options: The hyperparameters.
  ///   - execution: The number of threads.
  /// - Throws: `GraphError` for a model that cannot be differentiated; `MemoryError`.
  init(
    _ suspect: Model, layers: [String], units: [Float], batchSize: Int, _ options: MMBM.Options,
    _ execution: ExecutionOptions
  ) throws {
    self.options = options
    self.units = units
    weight = options.weight
    values = layers.map { name in
      let channels = suspect.graph.nodes.first { $0.name == name }?.channels ?? 0
      return Array(repeating: Float(options.start), count: channels)
    }
    optimizers = values.map { ValueOptimizer(.adam(epsilon: 1e-8), count: $0.count) }
    network = try BoundedNetwork(
      suspect, layers: layers,
      bounds: zip(values, units).map { values, unit in values.map { unit * $0 } }, isTrained: true)
    backpropagation = try Backpropagation(
      network.model, batchSize: batchSize, isTraining: false,
      layers: network.gaps + network.minima, options: execution)
  }

  /// The bounds, `[layers][channels]`.
  var bounds: [[Float]] {
    zip(values, units).map { values, unit in values.map { unit * $0 } }
  }

  /// The sum over layers of |u|.
  var norm: Double { values.reduce(0) { $0 + Self.norm($1) } }

  /// Moves the bounds by one step.
  ///
  /// - Parameters:
  ///   - images: `[images][height][width][channels]`, in the data's units.
  ///   - logits: The suspect's logits for them, `[images][classes]`.
  /// - Returns: The loss before the step.
  /// - Throws: The errors of the backpropagation.
  mutating func step(_ images: [Float], logits: [Float]) throws -> Double {
    var loss = try backpropagation.differentiate(
      .outputs { outputs in
        let scale = 1 / Double(outputs.count)
        let differences = zip(outputs, logits).map { Double($0) - Double($1) }
        return (
          scale * differences.reduce(0) { $0 + $1 * $1 },
          differences.map { Float(2 * scale * $0) }
        )
      }, at: images)
    loss += weight * norm
    for layer in values.indices {
      // The derivative of min(h, w) with respect to w: 1 where the bound acts.
      let gap = backpropagation.gradient(.beta, of: network.gaps[layer]).values
      let minimum = backpropagation.gradient(.beta, of: network.minima[layer]).values
      let norm = Self.norm(values[layer])
      let gradient = values[layer].indices.map { channel in
        let derivative = Double(gap[channel] + minimum[channel]) * Double(units[layer])
        return Float(derivative + (norm > 0 ? weight * Double(values[layer][channel]) / norm : 0))
      }
      optimizers[layer].step(&values[layer], along: gradient, rate: options.learningRate)
      let bounds = values[layer].map { units[layer] * $0 }
      backpropagation.setWeight(.beta, of: network.gaps[layer], to: bounds)
      backpropagation.setWeight(.beta, of: network.minima[layer], to: bounds)
    }
    return loss
  }

  private static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
