internal import DefenseKit

/// A search for the patch that gives a neuron a wanted value.
struct NeuronAscent {
  private let options: TrojanNN.Options
  private let execution: ExecutionOptions
  private let mask: [Float]
  private let layer: String
  private let backpropagation: Backpropagation
  private let model: Model

  /// Prepares the search.
  ///
  /// - Parameters:
  ///   - model: The clean model.
  ///   - layer: A layer with channels of its own.
  ///   - mask: `[height][width]`; pixels over 0 are the patch.
  init(
    on model: Model, layer: String, mask: [Float], options: TrojanNN.Options,
    execution: ExecutionOptions
  ) throws {
    self.model = model
    self.layer = layer
    self.mask = mask
    self.options = options
    self.execution = execution
    backpropagation = try Backpropagation(
      model, batchSize: 1, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, lossNodes: [layer], options: execution)
  }

  /// The channels of the layer by their sum of absolute incoming weights, the largest first; of
  /// equal ones the first.
  var neurons: [Int] {
    guard let index = model.graph.index(of: layer),
      let (kernel, channels) = model.graph.nodes[index].operation.channelKernel
    else { return [] }
    var sums = Array(repeating: 0.0, count: channels)
    for (index, weight) in kernel.values.enumerated() {
      sums[index % channels] += Double(abs(weight))
    }
    return sums.indices.sorted { (-sums[$0], $0) < (-sums[$1], $1) }
  }

  /// Returns the neuron's value for an image, and its derivatives with respect to the image.
  func value(of neuron: Int, at image: [Float]) throws -> (value: Double, gradient: [Float]) {
    var result = 0.0
    try backpropagation.differentiate(
      .values(of: [layer]) { values in
        let channels = model.graph.nodes[model.graph.index(of: layer) ?? 0].channels
        let positions = values[0].count / channels
        var gradient = [Float](repeating: 0, count: values[0].count)
        for position in 0..<positions {
          let place = position * channels + neuron
          result += Double(values[0][place]) / Double(positions)
          gradient[place] = 1 / Float(positions)
        }
        return (result, [gradient])
      }, at: image)
    return (result, backpropagation.inputGradient)
  }

  /// Returns the best patch for the first neuron that the patch reaches, in whole numbers; nil if it
  /// reaches none.
  func patch(from start: [Float]) throws -> [Float]? {
    let channels = model.graph.inputShape[2]
    let inside = start.indices.map { mask[$0 / channels] > 0 }
    let image = zip(start, inside).map { $1 ? $0 : 0 }
    for neuron in neurons {
      let (value, gradient) = try self.value(of: neuron, at: image)
      guard zip(gradient, inside).contains(where: { $0 != 0 && $1 }) else { continue }
      return try ascended(neuron, from: image, (value, gradient), inside)
    }
    return nil
  }

  /// Moves the patch until the neuron has the wanted value; keeps the nearest.
  private func ascended(
    _ neuron: Int, from image: [Float], _ first: (value: Double, gradient: [Float]),
    _ inside: [Bool]
  ) throws -> [Float] {
    var (best, state) = (image, first)
    var length = Float(options.step * 255)
    for _ in 0..<options.steps {
      try execution.cancellation?.check()
      let gap = options.value - state.value
      // A step under half a byte cannot matter any more.
      guard abs(gap) > options.tolerance, length >= 0.5 else { break }
      var next = best
      for index in next.indices where inside[index] {
        let derivative = gap > 0 ? state.gradient[index] : -state.gradient[index]
        let move = derivative > 0 ? length : derivative < 0 ? -length : 0
        next[index] = min(max((next[index] + move).rounded(), 0), 255)
      }
      let found = try value(of: neuron, at: next)
      if abs(options.value - found.value) < abs(gap) {
        (best, state) = (next, found)
      } else {
        length /= 2
      }
    }
    return best
  }
}
