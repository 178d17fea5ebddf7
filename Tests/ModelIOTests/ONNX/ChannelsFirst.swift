/// Plain loops over images [channels][height][width], as ONNX defines its operators.
struct ChannelsFirst {
  var shape: [Int]
  var values: [Float]

  func at(_ channel: Int, _ y: Int, _ x: Int) -> Float? {
    guard (0..<shape[1]).contains(y), (0..<shape[2]).contains(x) else { return nil }
    return values[(channel * shape[1] + y) * shape[2] + x]
  }

  /// Returns one value for each channel and window; `body` gets the window's first row and column.
  private func windows(
    _ channels: Int, _ size: [Int], _ strides: [Int], _ pads: [Int], _ dilations: [Int] = [1, 1],
    _ body: (Int, Int, Int) -> Float
  ) -> ChannelsFirst {
    func count(_ axis: Int) -> Int {
      let reach = (size[axis] - 1) * dilations[axis] + 1
      return (shape[axis + 1] + pads[axis] + pads[axis + 2] - reach) / strides[axis] + 1
    }
    var result = ChannelsFirst(shape: [channels, count(0), count(1)], values: [])
    for channel in 0..<channels {
      for y in 0..<result.shape[1] {
        for x in 0..<result.shape[2] {
          result.values.append(body(channel, y * strides[0] - pads[0], x * strides[1] - pads[1]))
        }
      }
    }
    return result
  }

  func convolved(
    _ kernel: [Float], _ shape: [Int], bias: [Float], strides: [Int] = [1, 1],
    pads: [Int] = [0, 0, 0, 0], dilations: [Int] = [1, 1], groups: Int = 1
  ) -> ChannelsFirst {
    windows(shape[0], [shape[2], shape[3]], strides, pads, dilations) { output, top, left in
      var sum = bias[output]
      for input in 0..<shape[1] {
        let channel = output / (shape[0] / groups) * shape[1] + input
        for y in 0..<shape[2] {
          for x in 0..<shape[3] {
            let weight = kernel[((output * shape[1] + input) * shape[2] + y) * shape[3] + x]
            sum += weight * (at(channel, top + y * dilations[0], left + x * dilations[1]) ?? 0)
          }
        }
      }
      return sum
    }
  }

  func pooled(
    isMaximum: Bool, _ size: [Int], strides: [Int], pads: [Int]
  ) -> ChannelsFirst {
    windows(shape[0], size, strides, pads) { channel, top, left in
      let inside = (0..<size[0]).flatMap { y in
        (0..<size[1]).compactMap { at(channel, top + y, left + $0) }
      }
      return isMaximum ? inside.max() ?? 0 : inside.reduce(0, +) / Float(inside.count)
    }
  }

  func mapped(_ body: (Float) -> Float) -> ChannelsFirst {
    ChannelsFirst(shape: shape, values: values.map(body))
  }

  /// Returns the product with a matrix of `units` rows.
  func dense(_ matrix: [Float], bias: [Float]) -> [Float] {
    bias.indices.map { unit in
      values.indices.reduce(bias[unit]) { $0 + values[$1] * matrix[unit * values.count + $1] }
    }
  }

  /// The elements as [height][width][channels].
  var channelsLast: [Float] {
    (0..<shape[1]).flatMap { y in
      (0..<shape[2]).flatMap { x in (0..<shape[0]).map { at($0, y, x) ?? 0 } }
    }
  }
}
