internal import CKernels

/// A convolution or a dense layer on pixels, with what was fused into it.
struct ConvolutionStep: Step {
  let input: Place
  /// Floats from the input's first element to the first window's first tap; may be negative.
  let start: Int
  let output: Place
  let weights: Storage<Float>
  let bias: Storage<Float>
  let scale: Storage<Float>?
  let shift: Storage<Float>?
  let offsets: Storage<Int32>
  let pixels: PixelTable
  let tiles: Storage<Int32>
  let activation: dk_activation
  let accumulate: Bool

  func run(_ workspace: Workspace, block: Int) {
    unsafe run(workspace.pointer(input, block: block), workspace.pointer(output, block: block))
  }

  /// Runs the step on the first elements of an input and an output that lie elsewhere.
  func run(_ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
    var convolution = unsafe dk_convolution(
      taps: Int64(offsets.count), offsets: offsets.pointer, pixels: Int64(pixels.count),
      input_pixels: pixels.input.pointer, output_pixels: pixels.output.pointer,
      tiles: Int64(tiles.count), tile_channels: tiles.pointer, weights: weights.pointer,
      bias: bias.pointer, scale: scale?.pointer, shift: shift?.pointer,
      channel_pitch: self.output.image.channel_pitch, pool: pixels.arePooled,
      accumulate: accumulate, activation: activation)
    unsafe kernels.convolve(&convolution, input + start, output)
  }
}

/// The pixels of a convolution in the groups that its kernel computes at once: where each one's
/// window begins and where its result goes, in floats.
struct PixelTable: Sendable {
  let input: Storage<Int32>
  let output: Storage<Int32>
  /// Whether four windows, one after another, belong to each output pixel.
  let arePooled: Bool

  /// The number of windows: 1 or whole groups.
  var count: Int { input.count }

  /// Fills the last group with its last pixel, which is then computed and stored again.
  init(input: [Int32], output: [Int32], arePooled: Bool = false) {
    precondition(
      input.count == output.count * (arePooled ? pixelGroup : 1),
      "\(input.count) windows for \(output.count) pixels")
    var (input, output) = (input, output)
    if !arePooled && input.count > 1 {
      input.fillGroup()
      output.fillGroup()
    }
    self.input = Storage(input)
    self.output = Storage(output)
    self.arePooled = arePooled
  }
}

struct DepthwiseStep: Step {
  private let input: Place
  private let start: Int
  private let strides: Extent
  private let output: Place
  private let multiplier: Int
  private let weights: Storage<Float>
  private let bias: Storage<Float>
  private let offsets: Storage<Int32>

  init(
    _ c: DepthwiseConvolution, input: Place, axes: (rows: WindowAxis, columns: WindowAxis)?,
    output: Place
  ) {
    self.input = input
    self.output = output
    start = input.image.start(of: axes)
    strides = c.strides
    multiplier = c.kernel.shape[3]
    weights = Storage(c.kernel.values)
    let channels = c.kernel.shape[2] * c.kernel.shape[3]
    bias = Storage(c.bias?.values ?? Array(repeating: 0, count: channels))
    offsets = Storage(
      input.image.tapOffsets(c.kernel.shape[0], c.kernel.shape[1], dilation: c.dilation))
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe kernels.depthwise(
      workspace.pointer(input, block: block) + start,
      Int64(strides.height) * input.image.row_pitch, Int64(strides.width) * input.image.pixel_pitch,
      input.image.channel_pitch, workspace.pointer(output, block: block), output.image,
      Int32(multiplier), Int32(offsets.count), offsets.pointer, weights.pointer, bias.pointer)
  }
}

/// A dense layer over all blocks of a group by the convolution kernel, each block being a pixel.
///
/// OpenBLAS is not asked: the bits that its kernels give for an image depend on the image's place among
/// the columns (on Zen 4 with 0.3.21 and 160 units, those of columns 8 to 55 of 64 differ from the others' in
/// 40 % of the rows), and it packs the weights anew for every product, which makes DeepID 10 % slower.
struct DenseStep: GroupStep {
  private let step: ConvolutionStep

  init(_ dense: Dense, input: Place, output: Place, blocks: Int, epilogue: Epilogue) {
    let units = dense.kernel.shape[1]
    let packed = dense.kernel.packed(0..<units)
    let pixels = (0..<blocks).map { Int32($0 * laneCount) }
    step = ConvolutionStep(
      input: input, start: 0, output: output, weights: Storage(packed.values),
      bias: Storage(dense.bias?.values ?? Array(repeating: 0, count: units)),
      scale: epilogue.affine.map { Storage($0.scale) },
      shift: epilogue.affine.map { Storage($0.shift) },
      offsets: Storage(
        (0..<dense.kernel.shape[0]).map { Int32($0) * Int32(input.image.channel_pitch) }),
      pixels: PixelTable(input: pixels, output: pixels), tiles: Storage(packed.tiles),
      activation: epilogue.activation.kernel, accumulate: false)
  }

  func run(_ workspace: Workspace) { step.run(workspace, block: 0) }
}
