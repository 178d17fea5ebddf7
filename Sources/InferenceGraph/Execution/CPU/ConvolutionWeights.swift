package import CKernels

/// The weights and the dilation of a convolution or a dense layer.
package struct ConvolutionWeights {
  /// `[height, width, input channels / groups, output channels]`.
  var kernel: Tensor
  var bias: Tensor?
  var dilation = Extent.one
  var strides = Extent.one
  var groups = 1

  package init(
    kernel: Tensor, bias: Tensor? = nil, dilation: Extent = .one, strides: Extent = .one,
    groups: Int = 1
  ) {
    self.kernel = kernel
    self.bias = bias
    self.dilation = dilation
    self.strides = strides
    self.groups = groups
  }
}

extension ConvolutionWeights {
  package init(_ c: Convolution) {
    self.init(
      kernel: c.kernel, bias: c.bias, dilation: c.dilation, strides: c.strides, groups: c.groups)
  }

  /// Creates the 1x1 convolution that equals a dense layer on pixels.
  package init(_ d: Dense) {
    self.init(
      kernel: Tensor(shape: [1, 1] + d.kernel.shape, values: d.kernel.values), bias: d.bias)
  }
}

extension ConvolutionWeights {
  /// Returns one step for each group of channels.
  package func steps(
    input: BufferView, output: BufferView,
    axes: (rows: WindowAxis, columns: WindowAxis)?, epilogue: Epilogue = Epilogue(),
    accumulate: Bool = false
  ) -> [ConvolutionStep] {
    let depth = kernel.shape[2]
    let pool = epilogue.poolsSquares
    let windows = pixelTable(input.image, output.image, pool: pool)
    let pixels = PixelTable(input: windows.input, output: windows.output, arePooled: pool)
    let start = input.image.start(of: axes)
    let offsets = Storage(tapOffsets(input.image))
    let perGroup = kernel.shape[3] / groups
    return (0..<groups).map { group in
      let range = group * perGroup..<(group + 1) * perGroup
      let packed = kernel.packed(range)
      return ConvolutionStep(
        input: input.channels(group * depth..<(group + 1) * depth), start: start,
        output: output.channels(range), weights: Storage(packed.values),
        bias: Storage(bias.map { Array($0.values[range]) } ?? range.map { _ in 0 }),
        scale: epilogue.affine.map { Storage(Array($0.scale[range])) },
        shift: epilogue.affine.map { Storage(Array($0.shift[range])) }, offsets: offsets,
        pixels: pixels, tiles: Storage(packed.tiles), activation: epilogue.activation.kernel,
        accumulate: accumulate)
    }
  }

  /// Returns the offsets of a window's taps from its first element: [height][width][channels].
  package func tapOffsets(_ input: dk_image) -> [Int32] {
    input.tapOffsets(
      kernel.shape[0], kernel.shape[1], dilation: dilation, channels: kernel.shape[2])
  }

  /// Returns the offsets of all output pixels' windows and of the output pixels.
  ///
  /// - Parameter pool: Whether each output pixel pools four consecutive windows.
  package func pixelTable(
    _ input: dk_image, _ output: dk_image, pool: Bool = false
  ) -> (input: [Int32], output: [Int32]) {
    var from: [Int32] = []
    var to: [Int32] = []
    func window(_ y: Int, _ x: Int) -> Int32 {
      Int32(y * strides.height * Int(input.row_pitch) + x * strides.width * Int(input.pixel_pitch))
    }
    for y in 0..<Int(output.height) {
      for x in 0..<Int(output.width) {
        to.append(Int32(y * Int(output.row_pitch) + x * Int(output.pixel_pitch)))
        if pool {
          for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            from.append(window(2 * y + dy, 2 * x + dx))
          }
        } else {
          from.append(window(y, x))
        }
      }
    }
    return (from, to)
  }
}

extension dk_image {
  /// Returns the floats from the first element to the first window's first tap; not positive.
  package func start(of axes: (rows: WindowAxis, columns: WindowAxis)?) -> Int {
    -(axes?.rows.before ?? 0) * Int(row_pitch) - (axes?.columns.before ?? 0) * Int(pixel_pitch)
  }

  /// Returns the floats from a window's first element to its taps: [height][width][channels].
  package func tapOffsets(
    _ height: Int, _ width: Int, dilation: Extent, channels: Int = 1
  ) -> [Int32] {
    var offsets: [Int32] = []
    offsets.reserveCapacity(height * width * channels)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          offsets.append(
            Int32(
              y * dilation.height * Int(row_pitch) + x * dilation.width * Int(pixel_pitch)
                + c * Int(channel_pitch)))
        }
      }
    }
    return offsets
  }
}

extension [Int32] {
  /// Completes the last group by repeating the last pixel, which is then computed more than once.
  /// Needs at least one pixel.
  mutating func fillGroup() {
    while count % pixelGroup != 0 { append(self[count - 1]) }
  }
}

extension Tensor {
  /// Returns the output channels `range` of a kernel in tiles of nearly equal width, taps
  /// outermost.
  func packed(_ range: Range<Int>) -> (values: [Float], tiles: [Int32]) {
    let filters = shape[shape.count - 1]
    let taps = self.count / filters
    var packed: [Float] = []
    packed.reserveCapacity(taps * range.count)
    let tiles = tileWidths(range.count)
    var first = range.lowerBound
    for width in tiles.map(Int.init) {
      for tap in 0..<taps {
        packed.append(contentsOf: values[tap * filters + first..<tap * filters + first + width])
      }
      first += width
    }
    return (packed, tiles)
  }
}

/// Returns the widths of the tiles that `channels` output channels are split into, nearly equal.
package func tileWidths(_ channels: Int) -> [Int32] {
  let count = (channels + widestTile - 1) / widestTile
  return (0..<count).map { Int32(channels / count + ($0 < channels % count ? 1 : 0)) }
}
