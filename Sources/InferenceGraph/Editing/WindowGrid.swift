/// The windows of a convolution or a pooling over an image of one channel.
struct WindowGrid {
  let height: Int
  let width: Int
  let window: Window
  let down: WindowAxis
  let across: WindowAxis

  /// - Parameter shape: The image's shape, `[height, width, channels]`.
  init(_ window: Window, over shape: [Int]) {
    height = shape[0]
    width = shape[1]
    self.window = window
    down = window.rows(height)
    across = window.columns(width)
  }

  /// The number of windows.
  var count: Int { down.count * across.count }

  /// Whether any window reaches beyond the border.
  var isPadded: Bool { down.before + down.after + across.before + across.after > 0 }

  /// Returns, for each window, the result of `body` for its taps inside the image.
  ///
  /// A tap is a position in the window and the position of its pixel, both row-major.
  func map(_ body: ([(tap: Int, pixel: Int)]) -> Double) -> [Double] {
    var results: [Double] = []
    results.reserveCapacity(count)
    var taps: [(tap: Int, pixel: Int)] = []
    for oy in 0..<down.count {
      for ox in 0..<across.count {
        taps.removeAll(keepingCapacity: true)
        for ky in 0..<window.size.height {
          let y = oy * window.strides.height - down.before + ky * window.dilation.height
          guard (0..<height).contains(y) else { continue }
          for kx in 0..<window.size.width {
            let x = ox * window.strides.width - across.before + kx * window.dilation.width
            guard (0..<width).contains(x) else { continue }
            taps.append((ky * window.size.width + kx, y * width + x))
          }
        }
        results.append(body(taps))
      }
    }
    return results
  }

  /// Returns the convolution of a constant channel with a kernel of one input and one output
  /// channel.
  func convolve(_ channel: ConstantChannel, _ kernel: [Double]) -> [Double] {
    if channel.isUniform, !isPadded {
      return Array(repeating: channel.values[0] * kernel.reduce(0, +), count: count)
    }
    return map { taps in
      taps.reduce(0) { $0 + kernel[$1.tap] * channel.values[$1.pixel] }
    }
  }

  /// Returns the maxima or means of a constant channel over the windows.
  func pool(_ channel: ConstantChannel, _ kind: PoolingKind) -> [Double] {
    if channel.isUniform { return Array(repeating: channel.values[0], count: count) }
    return map { kind.value(of: $0.map { channel.values[$0.pixel] }) }
  }
}
