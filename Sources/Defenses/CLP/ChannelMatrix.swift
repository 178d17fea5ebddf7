internal import DefenseKit

extension Graph.Operation {
  /// The number of taps of a convolution's kernel, kh * kw; nil for other operations.
  var tapCount: Int? {
    guard !weights.isEmpty, let size = windows?.size else { return nil }
    return size.height * size.width
  }

  /// Returns a convolution channel's kernel as a matrix of input channels x taps; nil for other
  /// operations.
  ///
  /// The rows are the input channels that the channel reads: all of them, those of its group in a
  /// grouped convolution, one in a depthwise convolution. A separable convolution has the kernel of
  /// the equivalent plain convolution. Dilation moves the taps apart and changes no weight.
  func matrix(ofChannel channel: Int) -> Matrix? {
    if case .convolution(let c) = self { return c.matrix(ofChannel: channel) }
    if case .depthwiseConvolution(let c) = self { return c.matrix(ofChannel: channel) }
    if case .separableConvolution(let c) = self { return c.matrix(ofChannel: channel) }
    return nil
  }
}

extension Convolution {
  fileprivate func matrix(ofChannel channel: Int) -> Matrix {
    let (shape, weights) = (kernel.shape, kernel.values)
    let (inputs, outputs) = (shape[2], shape[3])
    return Matrix(inputs, shape[0] * shape[1]) { input, tap in
      Double(weights[(tap * inputs + input) * outputs + channel])
    }
  }
}

extension DepthwiseConvolution {
  fileprivate func matrix(ofChannel channel: Int) -> Matrix {
    let (shape, weights) = (kernel.shape, kernel.values)
    let outputs = shape[2] * shape[3]
    return Matrix(1, shape[0] * shape[1]) { _, tap in Double(weights[tap * outputs + channel]) }
  }
}

extension SeparableConvolution {
  /// At input channel i and tap t: the sum over the multiplier m of d[t, i, m] * p[i * multiplier +
  /// m].
  fileprivate func matrix(ofChannel channel: Int) -> Matrix {
    let shape = depthwise.kernel.shape
    let (inputs, multiplier, outputs) = (shape[2], shape[3], pointwise.shape[3])
    let (spatial, mixing) = (depthwise.kernel.values, pointwise.values)
    return Matrix(inputs, shape[0] * shape[1]) { input, tap in
      (0..<multiplier).reduce(0) { sum, m in
        let middle = input * multiplier + m
        return sum + Double(spatial[tap * inputs * multiplier + middle])
          * Double(mixing[middle * outputs + channel])
      }
    }
  }
}

extension Matrix {
  fileprivate init(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double) {
    var values: [Double] = []
    values.reserveCapacity(rows * columns)
    for row in 0..<rows {
      for column in 0..<columns { values.append(value(row, column)) }
    }
    self.init(rows: rows, columns: columns, values: values)
  }
}
