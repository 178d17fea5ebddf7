public import InferenceGraph
extension Graph {
  /// Returns the graph with new random weights in all layers.
  ///
  /// Kernels before a rectifier are He-normal with variance 2 / fan-in (He et al. 2015, equation
  /// 10); all others are Glorot-uniform within sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio
  /// 2010, equation 16). Biases, betas and moving means are 0, gammas and moving variances 1. The
  /// search for a rectifier skips normalization, pooling, sums and reshaping. A layer's weights
  /// depend only on the seed, its position and its shape. They are computed with additions,
  /// multiplications, divisions and square roots alone, so that equal seeds give equal weights on
  /// every machine.
  public func initialized(seed: UInt64) -> Graph {
    var result = self
    for index in nodes.indices {
      let isRectified = isRectified(index)
      var stream: UInt64 = 0
      // Every tensor has its own stream, so that it does not depend on the extents of earlier
      // tensors.
      func fresh(_ shape: [Int], _ fans: Fans, rectified: Bool) -> Tensor {
        stream += 1
        var numbers = SeededGenerator(seed: seed, stream: UInt64(index) << 8 | stream)
        return Tensor(shape: shape, values: numbers.kernel(shape, fans, isRectified: rectified))
      }
      let facts = nodes[index].operation.facts
      result.nodes[index].operation.updateWeights { role, tensor in
        if let fans = facts.fans(of: role) {
          tensor = fresh(tensor.shape, fans, rectified: isRectified && fans.meetsActivation)
        } else {
          tensor = Tensor(shape: tensor.shape, repeating: role.initialValue ?? 0)
        }
      }
    }
    return result
  }

  /// Whether a rectifier is the next operation on a node's result, apart from normalization,
  /// pooling, sums and rearrangements. If the graph branches, one branch suffices.
  private func isRectified(_ index: Int) -> Bool {
    var isCarrying = [Bool](repeating: false, count: nodes.count)
    for i in index..<nodes.count {
      if i > index {
        guard nodes[i].operation.facts.carriesVariance,
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
  /// Whether the function passes about half of its input: the rectifier and its smooth variants.
  fileprivate var isRectifier: Bool {
    switch self {
    case .relu, .elu, .celu, .gelu, .silu, .hardSiLU, .mish, .softplus, .squareplus: true
    default: false
    }
  }
}

extension SeededGenerator {
  /// Returns random values for a kernel.
  fileprivate mutating func kernel(
    _ shape: [Int], _ fans: Fans, isRectified: Bool
  ) -> [Float] {
    let count = shape.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(count)
    if isRectified {
      let deviation = (2 / Double(fans.incoming)).squareRoot()
      while values.count < count {
        let (first, second) = normals()
        values.append(Float(first * deviation))
        if values.count < count { values.append(Float(second * deviation)) }
      }
    } else {
      let limit = (6 / Double(fans.incoming + fans.outgoing)).squareRoot()
      for _ in 0..<count { values.append(Float((2 * unit() - 1) * limit)) }
    }
    return values
  }
}
