extension Convolution {
  /// Returns the position of a weight; the input channel is counted within its group.
  func offset(_ tap: Int, _ input: Int, _ output: Int) -> Int {
    (tap * kernel.shape[2] + input) * kernel.shape[3] + output
  }

  /// Returns the kernel between two channels; the input channel is counted within its group.
  func taps(_ input: Int, _ output: Int) -> [Double] {
    (0..<kernel.shape[0] * kernel.shape[1]).map {
      Double(kernel.values[offset($0, input, output)])
    }
  }
}

extension DepthwiseConvolution {
  /// Returns the convolution of only the input channels `channels`.
  func selecting(_ channels: [Int]) -> DepthwiseConvolution {
    let multiplier = kernel.shape[3]
    var result = self
    result.kernel = kernel.selecting(channels, axis: 2)
    result.bias = bias?.selecting(
      channels.flatMap { c in (0..<multiplier).map { c * multiplier + $0 } }, axis: 0)
    return result
  }

  /// Returns the constant channels of the result, before an activation.
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
  /// Returns the normalization of only the channels `channels`.
  func selecting(_ channels: [Int]) -> BatchNormalization {
    BatchNormalization(
      gamma: gamma?.selecting(channels, axis: 0), beta: beta?.selecting(channels, axis: 0),
      mean: mean.selecting(channels, axis: 0), variance: variance.selecting(channels, axis: 0),
      epsilon: epsilon)
  }
}
