extension Graph {
  /// Returns the graph with fresh random weights in all its layers.
  ///
  /// Kernels are He-normal where a rectifier follows, of variance 2 / fan-in (He et al. 2015,
  /// equation 10), else Glorot-uniform, within sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010,
  /// equation 16); biases, betas and moving means are 0, gammas and moving variances 1. What follows
  /// is looked for behind normalization, pooling, sums and reshaping. A layer's weights depend on the
  /// seed, its position and its shape alone; only additions, multiplications, divisions and square
  /// roots make them, so that equal seeds give equal weights whatever the machine.
  public func initialized(seed: UInt64) -> Graph {
    var result = self
    for index in nodes.indices {
      let isRectified = isRectified(index)
      var stream: UInt64 = 0
      // Every tensor has numbers of its own, so that none depends on the extents of those before it.
      func fresh(_ shape: [Int], _ fan: (in: Int, out: Int), rectified: Bool) -> Tensor {
        stream += 1
        var numbers = SeededGenerator(seed: seed, stream: UInt64(index) << 8 | stream)
        return Tensor(shape: shape, values: numbers.kernel(shape, fan, isRectified: rectified))
      }
      result.nodes[index].operation = nodes[index].operation
        .initialized(isRectified: isRectified, fresh)
    }
    return result
  }

  /// Whether a rectifier is what next changes a node's result other than by keeping, shifting,
  /// scaling, summing or rearranging it; where ways part, one of them is enough.
  private func isRectified(_ index: Int) -> Bool {
    var isCarrying = [Bool](repeating: false, count: nodes.count)
    for i in index..<nodes.count {
      if i > index {
        guard nodes[i].operation.carriesVariance,
          nodes[i].inputs.contains(where: { isCarrying[$0] })
        else { continue }
      }
      if nodes[i].activation.isRectifier { return true }
      isCarrying[i] = nodes[i].activation == .linear
    }
    return false
  }
}

extension Activation {
  /// Whether it keeps about half of its input: the rectifier and its smooth relatives.
  fileprivate var isRectifier: Bool {
    switch self {
    case .relu, .elu, .celu, .gelu, .silu, .hardSiLU, .mish, .softplus, .squareplus: true
    default: false
    }
  }
}

extension Operation {
  /// Whether an activation behind it acts on what came before it.
  fileprivate var carriesVariance: Bool {
    switch self {
    case .activation, .trainingOnly, .pooling, .globalPooling, .batchNormalization, .rescaling,
      .flatten, .reshape, .zeroPadding, .add, .concatenate:
      true
    default: false
    }
  }

  /// Returns the operation with new weights, kernels made by `fresh` from shape, fans and whether a
  /// rectifier follows.
  fileprivate func initialized(
    isRectified: Bool, _ fresh: ([Int], (in: Int, out: Int), Bool) -> Tensor
  ) -> Operation {
    func depthwise(_ kernel: Tensor, _ isRectified: Bool) -> Tensor {
      let taps = kernel.shape[0] * kernel.shape[1]
      return fresh(kernel.shape, (taps, taps * kernel.shape[3]), isRectified)
    }
    switch self {
    case .convolution(var c):
      let shape = c.kernel.shape
      let taps = shape[0] * shape[1]
      c.kernel = fresh(shape, (taps * shape[2], taps * shape[3] / c.groups), isRectified)
      c.bias = c.bias?.filled(with: 0)
      return .convolution(c)
    case .depthwiseConvolution(var c):
      c.kernel = depthwise(c.kernel, isRectified)
      c.bias = c.bias?.filled(with: 0)
      return .depthwiseConvolution(c)
    case .separableConvolution(var c):
      // Between the two convolutions stands no activation.
      c.depthwise.kernel = depthwise(c.depthwise.kernel, false)
      let shape = c.pointwise.shape
      c.pointwise = fresh(shape, (shape[2], shape[3]), isRectified)
      c.bias = c.bias?.filled(with: 0)
      return .separableConvolution(c)
    case .dense(var d):
      d.kernel = fresh(d.kernel.shape, (d.kernel.shape[0], d.kernel.shape[1]), isRectified)
      d.bias = d.bias?.filled(with: 0)
      return .dense(d)
    case .batchNormalization(var b):
      b.gamma = b.gamma?.filled(with: 1)
      b.beta = b.beta?.filled(with: 0)
      b.mean = b.mean.filled(with: 0)
      b.variance = b.variance.filled(with: 1)
      return .batchNormalization(b)
    default: return self
    }
  }
}

extension Tensor {
  fileprivate func filled(with value: Float) -> Tensor { Tensor(shape: shape, repeating: value) }
}

extension SeededGenerator {
  /// Returns a kernel's values.
  fileprivate mutating func kernel(
    _ shape: [Int], _ fan: (in: Int, out: Int), isRectified: Bool
  ) -> [Float] {
    let count = shape.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(count)
    if isRectified {
      let deviation = (2 / Double(fan.in)).squareRoot()
      while values.count < count {
        let (first, second) = normals()
        values.append(Float(first * deviation))
        if values.count < count { values.append(Float(second * deviation)) }
      }
    } else {
      let limit = (6 / Double(fan.in + fan.out)).squareRoot()
      for _ in 0..<count { values.append(Float((2 * unit() - 1) * limit)) }
    }
    return values
  }
}
