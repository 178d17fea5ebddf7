internal import CKernels

struct DepthwiseStep: Step {
  private let input: BufferView
  private let start: Int
  private let strides: Extent
  private let output: BufferView
  private let multiplier: Int
  private let weights: Storage<Float>
  private let bias: Storage<Float>
  private let offsets: Storage<Int32>

  init(
    _ c: DepthwiseConvolution, input: BufferView, axes: (rows: WindowAxis, columns: WindowAxis)?,
    output: BufferView
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
