package import CKernels

/// A convolution, or a dense layer on pixels, with its epilogue.
package struct ConvolutionStep: Step {
  let input: BufferView
  /// Floats from the input's first element to the first window's first tap; may be negative.
  let start: Int
  let output: BufferView
  package let weights: Storage<Float>
  package let bias: Storage<Float>
  let scale: Storage<Float>?
  let shift: Storage<Float>?
  let offsets: Storage<Int32>
  let pixels: PixelTable
  package let tiles: Storage<Int32>
  let activation: dk_activation
  let accumulate: Bool

  package init(
    input: BufferView, start: Int, output: BufferView, weights: Storage<Float>,
    bias: Storage<Float>,
    scale: Storage<Float>? = nil, shift: Storage<Float>? = nil, offsets: Storage<Int32>,
    pixels: PixelTable, tiles: Storage<Int32>, activation: dk_activation, accumulate: Bool = false
  ) {
    self.input = input
    self.start = start
    self.output = output
    self.weights = weights
    self.bias = bias
    self.scale = scale
    self.shift = shift
    self.offsets = offsets
    self.pixels = pixels
    self.tiles = tiles
    self.activation = activation
    self.accumulate = accumulate
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe run(workspace.pointer(input, block: block), workspace.pointer(output, block: block))
  }

  /// Runs the step with other first elements of input and output.
  package func run(_ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>) {
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
