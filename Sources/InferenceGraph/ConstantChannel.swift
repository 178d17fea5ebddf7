/// A channel whose value does not depend on the image: what became of a masked channel.
struct ConstantChannel {
  /// The value at each position, row-major over all axes but the last.
  var values: [Double]
  /// Whether the channel is left out of the smaller graph; else it stays, with these values.
  var isRemoved: Bool
  /// The pruned channels it comes from.
  var origins: Set<ChannelOfNode>

  /// Whether it is the same everywhere.
  var isUniform: Bool { values.allSatisfy { $0 == values[0] } }

  /// Whether it is zero everywhere.
  var isZero: Bool { values.allSatisfy { $0 == 0 } }

  /// The largest absolute value.
  var magnitude: Double { values.reduce(0) { max($0, abs($1)) } }

  /// Returns the channel with other values.
  func with(_ values: [Double]) -> ConstantChannel {
    ConstantChannel(values: values, isRemoved: isRemoved, origins: origins)
  }

  /// Returns the factor that makes this channel from another, if there is one.
  func multiple(of other: ConstantChannel) -> Double? {
    guard
      let peak = other.values.indices.max(by: { abs(other.values[$0]) < abs(other.values[$1]) }),
      other.values[peak] != 0
    else { return nil }
    let factor = values[peak] / other.values[peak]
    let tolerance = 1e-9 * max(magnitude, 1e-30)
    for (mine, theirs) in zip(values, other.values) where abs(mine - factor * theirs) > tolerance {
      return nil
    }
    return factor
  }
}

/// A channel of a node, by indices.
struct ChannelOfNode: Hashable, Comparable {
  var node: Int
  var channel: Int

  static func < (a: ChannelOfNode, b: ChannelOfNode) -> Bool {
    (a.node, a.channel) < (b.node, b.channel)
  }
}

/// The windows of a convolution or a pooling over an image of one channel.
struct WindowGrid {
  let height: Int
  let width: Int
  let window: Window
  let down: WindowAxis
  let across: WindowAxis

  /// - Parameter shape: The image's, `[height, width, channels]`.
  init(_ window: Window, over shape: [Int]) {
    height = shape[0]
    width = shape[1]
    self.window = window
    down = window.rows(height)
    across = window.columns(width)
  }

  /// The number of windows.
  var count: Int { down.count * across.count }

  /// Whether some window reaches over the border.
  var isPadded: Bool { down.before + down.after + across.before + across.after > 0 }

  /// Returns, for each window, what `body` makes of its taps inside the image.
  ///
  /// A tap is its position in the window and the position of its pixel, both row-major.
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

  /// Returns a constant channel's convolution with a kernel of one input and one output channel.
  func convolve(_ channel: ConstantChannel, _ kernel: [Double]) -> [Double] {
    if channel.isUniform, !isPadded {
      return Array(repeating: channel.values[0] * kernel.reduce(0, +), count: count)
    }
    return map { taps in
      taps.reduce(0) { $0 + kernel[$1.tap] * channel.values[$1.pixel] }
    }
  }

  /// Returns a constant channel's maxima or means over the windows.
  func pool(_ channel: ConstantChannel, _ kind: PoolingKind) -> [Double] {
    if channel.isUniform { return Array(repeating: channel.values[0], count: count) }
    return map { kind.value(of: $0.map { channel.values[$0.pixel] }) }
  }
}

extension PoolingKind {
  /// Returns the maximum or the mean.
  func value(of values: [Double]) -> Double {
    switch self {
    case .max: values.max() ?? -.infinity
    case .average: values.reduce(0, +) / Double(values.count)
    }
  }
}
