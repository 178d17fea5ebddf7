internal import CKernels

/// What a convolution or a dense layer multiplies with.
struct ConvolutionWeights {
  /// `[height, width, input channels / groups, output channels]`.
  var kernel: Tensor
  var bias: Tensor?
  var dilation = Extent.one
  var strides = Extent.one
  var groups = 1
}

extension ConvolutionWeights {
  /// One step a group of channels.
  func steps(
    input: Place, output: Place,
    axes: (rows: WindowAxis, columns: WindowAxis)?,
    affine: (scale: [Float], shift: [Float])? = nil, rectify: Bool = false, pool: Bool = false,
    accumulate: Bool = false
  ) -> [ConvolutionStep] {
    let (height, width, depth, filters) = (
      kernel.shape[0], kernel.shape[1], kernel.shape[2], kernel.shape[3]
    )
    let image = input.image
    var offsets: [Int32] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<depth {
          offsets.append(
            Int32(
              y * dilation.height * Int(image.row_pitch)
                + x * dilation.width * Int(image.pixel_pitch)
                + c * Int(image.channel_pitch)))
        }
      }
    }
    let table = pixelTable(image, output.image, pool: pool)
    let start =
      -(axes?.rows.before ?? 0) * Int(image.row_pitch)
      - (axes?.columns.before ?? 0) * Int(image.pixel_pitch)
    let offsetStorage = Storage(offsets)
    let inputPixels = Storage(table.input)
    let outputPixels = Storage(table.output)
    let perGroup = filters / groups
    return (0..<groups).map { group in
      let range = group * perGroup..<(group + 1) * perGroup
      let packed = kernel.packed(range)
      return ConvolutionStep(
        input: input.channels(group * depth..<(group + 1) * depth), start: start,
        output: output.channels(range), weights: Storage(packed.values),
        bias: Storage(bias.map { Array($0.values[range]) } ?? range.map { _ in 0 }),
        scale: affine.map { Storage(Array($0.scale[range])) },
        shift: affine.map { Storage(Array($0.shift[range])) }, offsets: offsetStorage,
        inputPixels: inputPixels, outputPixels: outputPixels, tiles: Storage(packed.tiles),
        pool: pool, rectify: rectify, accumulate: accumulate)
    }
  }

  /// Offsets of all output pixels' windows and of the pixels themselves, in groups.
  private func pixelTable(
    _ input: dk_image, _ output: dk_image, pool: Bool
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
    // A last group that is not full repeats its last pixel: it is computed and stored again.
    while from.count > 1 && from.count % pixelGroup != 0 {
      from.append(from[from.count - 1])
      to.append(to[to.count - 1])
    }
    return (from, to)
  }
}

extension Planner {
  /// Appends a convolution with all that can be fused into it: a normalization, a rectifier, and
  /// a 2x2 maximum pooling, in this order.
  ///
  /// - Returns: The nodes that were fused.
  mutating func convolve(_ index: Int, input: Place, _ weights: ConvolutionWeights) -> [Int] {
    var last = index
    var fused: [Int] = []
    var affine: (scale: [Float], shift: [Float])?
    if nodes[last].activation == .linear, let reader = soleReader(of: last),
      let map = nodes[reader].operation.affine(channels: nodes[reader].shape.last ?? 1)
    {
      affine = map
      last = reader
      fused.append(reader)
    }
    if nodes[last].activation == .linear, let reader = soleReader(of: last),
      nodes[reader].operation == .activation, nodes[reader].activation == .relu
    {
      last = reader
      fused.append(reader)
    }
    let rectify = nodes[last].activation == .relu
    var pool = false
    if rectify || nodes[last].activation == .linear, let reader = soleReader(of: last),
      case .pooling(let pooling) = nodes[reader].operation, pooling.kind == .max,
      pooling.window == Extent(2, 2), pooling.strides == pooling.window,
      nodes[reader].activation == .linear, nodes[reader].shape[0] * 2 <= nodes[last].shape[0],
      nodes[reader].shape[1] * 2 <= nodes[last].shape[1]
    {
      pool = true
      last = reader
      fused.append(reader)
    }
    let output = place(for: last)
    let axes = nodes[index].windowAxes(input: nodes[nodes[index].inputs[0]].shape)
    if let axes, WinogradStep.applies(to: weights, output: nodes[index].shape) {
      blockSteps.append(
        WinogradStep(
          weights, input: input, axes: axes, output: output, scratch: reserveScratch(weights),
          affine: affine, rectify: rectify, pool: pool))
    } else {
      blockSteps += weights.steps(
        input: input, output: output, axes: axes, affine: affine, rectify: rectify,
        pool: pool)
    }
    if !rectify && !pool && nodes[last].activation != .linear {
      blockSteps.append(
        MapStep(
          input: output, output: output, scale: nil, shift: nil,
          activation: nodes[last].activation.kernel))
    }
    places[last] = output
    finish(last)
    return fused
  }

  func depthwise(
    _ c: DepthwiseConvolution, index: Int, input: Place, output: Place
  ) -> DepthwiseStep {
    let (height, width) = (c.kernel.shape[0], c.kernel.shape[1])
    let channels = c.kernel.shape[2] * c.kernel.shape[3]
    let image = input.image
    let axes = nodes[index].windowAxes(input: nodes[nodes[index].inputs[0]].shape)
    var offsets: [Int32] = []
    for y in 0..<height {
      for x in 0..<width {
        offsets.append(
          Int32(
            y * c.dilation.height * Int(image.row_pitch)
              + x * c.dilation.width * Int(image.pixel_pitch)))
      }
    }
    return DepthwiseStep(
      input: input,
      start: -(axes?.rows.before ?? 0) * Int(image.row_pitch)
        - (axes?.columns.before ?? 0) * Int(image.pixel_pitch),
      strides: c.strides, output: output, multiplier: c.kernel.shape[3],
      weights: Storage(c.kernel.values),
      bias: Storage(c.bias?.values ?? Array(repeating: 0, count: channels)),
      offsets: Storage(offsets))
  }
}

extension Tensor {
  /// The output channels of `range` of a kernel in tiles of nearly equal width, taps outermost.
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

/// How many of so many output channels each tile of a convolution takes: about as many each.
func tileWidths(_ channels: Int) -> [Int32] {
  let count = (channels + widestTile - 1) / widestTile
  return (0..<count).map { Int32(channels / count + ($0 < channels % count ? 1 : 0)) }
}
