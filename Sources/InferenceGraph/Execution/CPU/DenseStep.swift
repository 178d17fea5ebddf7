internal import CKernels

// Not by OpenBLAS: the bits of its result for an image depend on the image's column, and it packs
// the weights again for every product.

/// A dense layer over all blocks of a group: a 1x1 convolution with a pixel for each block.
struct DenseStep: GroupStep {
  private let step: ConvolutionStep

  init(_ dense: Dense, input: BufferView, output: BufferView, blocks: Int, epilogue: Epilogue) {
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
