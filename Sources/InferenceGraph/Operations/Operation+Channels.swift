extension Convolution {
  /// Where the weight of a tap, an input channel (counted in its group) and an output channel is.
  func offset(_ tap: Int, _ input: Int, _ output: Int) -> Int {
    (tap * kernel.shape[2] + input) * kernel.shape[3] + output
  }

  /// Returns the taps from an input channel (counted in its group) to an output channel.
  func taps(_ input: Int, _ output: Int) -> [Double] {
    (0..<kernel.shape[0] * kernel.shape[1]).map {
      Double(kernel.values[offset($0, input, output)])
    }
  }
}

extension DepthwiseConvolution {
  /// Returns the operation with only some of its input channels.
  func selecting(_ channels: [Int]) -> DepthwiseConvolution {
    let multiplier = kernel.shape[3]
    var result = self
    result.kernel = kernel.selecting(channels, axis: 2)
    result.bias = bias?.selecting(
      channels.flatMap { c in (0..<multiplier).map { c * multiplier + $0 } }, axis: 0)
    return result
  }

  /// Returns the constant channels of the result, in front of an activation.
  func constants(
    from input: [Int: ConstantChannel], _ inputShape: [Int]
  ) -> [Int: ConstantChannel] {
    let multiplier = kernel.shape[3]
    let grid = WindowGrid(window, over: inputShape)
    var result: [Int: ConstantChannel] = [:]
    for (channel, constant) in input {
      for m in 0..<multiplier {
        let output = channel * multiplier + m
        let taps = (0..<kernel.shape[0] * kernel.shape[1]).map {
          Double(kernel.values[($0 * kernel.shape[2] + channel) * multiplier + m])
        }
        let offset = Double(bias?.values[output] ?? 0)
        result[output] = constant.with(grid.convolve(constant, taps).map { $0 + offset })
      }
    }
    return result
  }
}

extension BatchNormalization {
  /// Returns the normalization of some of its channels.
  func selecting(_ channels: [Int]) -> BatchNormalization {
    BatchNormalization(
      gamma: gamma?.selecting(channels, axis: 0), beta: beta?.selecting(channels, axis: 0),
      mean: mean.selecting(channels, axis: 0), variance: variance.selecting(channels, axis: 0),
      epsilon: epsilon)
  }
}
