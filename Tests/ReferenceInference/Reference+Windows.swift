import InferenceGraph

/// The output's extent along one axis and the zeros in front, as Keras and TensorFlow define them.
private func axis(
  _ extent: Int, _ window: Int, _ stride: Int, _ dilation: Int, _ padding: Padding, isDown: Bool
) -> (count: Int, before: Int) {
  let reach = dilation * (window - 1) + 1
  switch padding {
  case .valid:
    return ((extent - reach) / stride + 1, 0)
  case .same:
    let count = Int((Double(extent) / Double(stride)).rounded(.up))
    return (count, max(0, (count - 1) * stride + reach - extent) / 2)
  case .explicit(let top, let bottom, let left, let right):
    let (before, after) = isDown ? (top, bottom) : (left, right)
    return ((before + extent + after - reach) / stride + 1, before)
  }
}

/// Calls `body` for every position of the result with its taps inside the image: where each lies in
/// the window and in the image.
func eachWindow(
  _ input: Array3, _ window: (Int, Int), _ strides: Extent, _ dilation: Extent, _ padding: Padding,
  _ body: ([(ky: Int, kx: Int, y: Int, x: Int)]) -> Void
) {
  let down = axis(input.height, window.0, strides.height, dilation.height, padding, isDown: true)
  let across = axis(
    input.width, window.1, strides.width, dilation.width, padding, isDown: false)
  var taps: [(ky: Int, kx: Int, y: Int, x: Int)] = []
  for oy in 0..<down.count {
    for ox in 0..<across.count {
      taps.removeAll(keepingCapacity: true)
      for ky in 0..<window.0 {
        for kx in 0..<window.1 {
          let y = oy * strides.height + ky * dilation.height - down.before
          let x = ox * strides.width + kx * dilation.width - across.before
          if input.contains(y, x) { taps.append((ky, kx, y, x)) }
        }
      }
      body(taps)
    }
  }
}

func convolution(
  _ c: Convolution, _ kernel: [Double], _ bias: [Double]?, _ input: Array3
) -> [Double] {
  let shape = c.kernel.shape
  let outputsEach = shape[3] / c.groups
  var result: [Double] = []
  eachWindow(input, (shape[0], shape[1]), c.strides, c.dilation, c.padding) { taps in
    for o in 0..<shape[3] {
      let first = o / outputsEach * shape[2]
      var sum = bias?[o] ?? 0
      for tap in taps {
        for i in 0..<shape[2] {
          let weight = kernel[((tap.ky * shape[1] + tap.kx) * shape[2] + i) * shape[3] + o]
          sum += input[tap.y, tap.x, first + i] * weight
        }
      }
      result.append(sum)
    }
  }
  return result
}

func depthwise(
  _ c: DepthwiseConvolution, _ kernel: [Double], _ bias: [Double]?, _ input: Array3
) -> Array3 {
  let shape = c.kernel.shape
  var result: [Double] = []
  var count = 0
  eachWindow(input, (shape[0], shape[1]), c.strides, c.dilation, c.padding) { taps in
    count += 1
    for channel in 0..<shape[2] {
      for m in 0..<shape[3] {
        var sum = bias?[channel * shape[3] + m] ?? 0
        for tap in taps {
          let position = (tap.ky * shape[1] + tap.kx) * shape[2] + channel
          sum += input[tap.y, tap.x, channel] * kernel[position * shape[3] + m]
        }
        result.append(sum)
      }
    }
  }
  // The 1x1 part of a separable convolution reads pixels one by one: their arrangement is free.
  return Array3(result, shape: [1, count, shape[2] * shape[3]])
}

func pooling(_ p: Pooling, _ input: Array3) -> [Double] {
  var result: [Double] = []
  eachWindow(input, (p.window.height, p.window.width), p.strides, .one, p.padding) { taps in
    for c in 0..<input.channels {
      let elements = taps.map { input[$0.y, $0.x, c] }
      switch p.kind {
      case .max: result.append(elements.max()!)
      case .average: result.append(elements.reduce(0, +) / Double(elements.count))
      }
    }
  }
  return result
}
