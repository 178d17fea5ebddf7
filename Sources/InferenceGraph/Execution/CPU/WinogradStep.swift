internal import CKernels

/// A 3x3 convolution with stride 1 by Winograd's F(2x2, 3x3), with its epilogue.
///
/// Takes 16 multiply-adds for a pair of channels and a tile of 2x2 pixels, where direct convolution
/// takes 36. The last bits of the sums differ from those of direct convolution.
package struct WinogradStep: Step {
  let input: BufferView
  /// Floats from the input's first element to the first tile's patch; may be negative.
  let start: Int
  let output: BufferView
  let scratch: Int
  let inputs: Int
  package let weights: Storage<Float>
  package let bias: Storage<Float>
  let scale: Storage<Float>?
  let shift: Storage<Float>?
  let inputTiles: Storage<Int32>
  let outputTiles: Storage<Int32>
  package let tiles: Storage<Int32>
  let pool: Bool
  let activation: dk_activation

  /// Whether the transforms pay off. Depends on the layer alone, so that results do not depend on
  /// the rest of the plan.
  package static func applies(to weights: ConvolutionWeights, output: [Int]) -> Bool {
    weights.kernel.shape[0] == 3 && weights.kernel.shape[1] == 3 && weights.groups == 1
      && weights.strides == .one && weights.dilation == .one && weights.kernel.shape[2] >= 12
      && weights.kernel.shape[3] >= 12 && output[0] >= 2 && output[1] >= 2
  }

  /// Returns the number of floats of scratch memory.
  package static func scratchSize(inputs: Int, outputs: Int) -> Int {
    16 * (inputs + outputs + 2) * pixelGroup * laneCount
  }

  /// Creates the step of a layer.
  init(
    _ layer: ConvolutionWeights, input: BufferView, axes: (rows: WindowAxis, columns: WindowAxis),
    output: BufferView, scratch: Int, epilogue: Epilogue
  ) {
    let filters = layer.kernel.shape[3]
    let packed = WinogradStep.transform(layer.kernel).flatMap { $0.packed(0..<filters).values }
    self.init(
      inputs: layer.kernel.shape[2], weights: Storage(packed),
      bias: Storage(layer.bias?.values ?? Array(repeating: 0, count: filters)),
      before: (axes.rows.before, axes.columns.before), input: input, output: output,
      scratch: scratch, epilogue: epilogue)
  }

  /// Creates a step whose weights and bias are zero until the caller sets them.
  ///
  /// - Parameters:
  ///   - inputs: The number of input channels.
  ///   - outputs: The number of output channels.
  ///   - before: Zeros above and to the left of the input that the first window reads; negative if
  ///     the window begins further inside.
  package init(
    inputs: Int, outputs: Int, before: (rows: Int, columns: Int), input: BufferView,
    output: BufferView,
    activation: Activation = .linear
  ) {
    self.init(
      inputs: inputs, weights: Storage(count: 16 * inputs * outputs),
      bias: Storage(count: outputs), before: before, input: input, output: output, scratch: 0,
      epilogue: Epilogue(activation: activation))
  }

  private init(
    inputs: Int, weights: Storage<Float>, bias: Storage<Float>, before: (rows: Int, columns: Int),
    input: BufferView, output: BufferView, scratch: Int, epilogue: Epilogue
  ) {
    self.inputs = inputs
    self.weights = weights
    self.bias = bias
    self.input = input
    self.output = output
    self.scratch = scratch
    pool = epilogue.poolsSquares
    activation = epilogue.activation.kernel
    start =
      -before.rows * Int(input.image.row_pitch) - before.columns * Int(input.image.pixel_pitch)
    tiles = Storage(tileWidths(bias.count))
    scale = epilogue.affine.map { Storage($0.scale) }
    shift = epilogue.affine.map { Storage($0.shift) }
    // With pooling a tile is one output pixel. Without, tiles cover the image; for an odd extent
    // the last tiles overlap their neighbors and compute some pixels twice.
    let step = pool ? 1 : 2
    func starts(_ extent: Int32) -> [Int] {
      stride(from: 0, to: Int(extent), by: step).map { min($0, Int(extent) - step) }
    }
    var from: [Int32] = []
    var to: [Int32] = []
    for y in starts(output.image.height) {
      for x in starts(output.image.width) {
        let factor = pool ? 2 : 1
        from.append(
          Int32(
            factor * (y * Int(input.image.row_pitch) + x * Int(input.image.pixel_pitch))))
        to.append(Int32(y * Int(output.image.row_pitch) + x * Int(output.image.pixel_pitch)))
      }
    }
    from.fillGroup()
    to.fillGroup()
    inputTiles = Storage(from)
    outputTiles = Storage(to)
  }

  /// Returns U = G g Gᵀ by position: 16 tensors `[input channels, output channels]`, computed in
  /// double precision, where G = [1 0 0; ½ ½ ½; ½ -½ ½; 0 0 1].
  static func transform(_ kernel: Tensor) -> [Tensor] {
    let pairs = kernel.shape[2] * kernel.shape[3]
    var positions = [[Float]](repeating: [], count: 16)
    for index in positions.indices { positions[index].reserveCapacity(pairs) }
    func expand(_ a: Double, _ b: Double, _ c: Double) -> [Double] {
      [a, (a + b + c) / 2, (a - b + c) / 2, c]
    }
    unsafe kernel.values.withUnsafeBufferPointer { values in
      for pair in 0..<pairs {
        func tap(_ y: Int, _ x: Int) -> Double { unsafe Double(values[(3 * y + x) * pairs + pair]) }
        let columns = (0..<3).map { expand(tap(0, $0), tap(1, $0), tap(2, $0)) }
        for y in 0..<4 {
          let row = expand(columns[0][y], columns[1][y], columns[2][y])
          for x in 0..<4 { positions[4 * y + x].append(Float(row[x])) }
        }
      }
    }
    return positions.map { Tensor(shape: [kernel.shape[2], kernel.shape[3]], values: $0) }
  }

  func run(_ workspace: Workspace, block: Int) {
    unsafe run(
      workspace.pointer(input, block: block), workspace.pointer(output, block: block),
      scratch: workspace.pointer(buffer: scratch))
  }

  /// Runs the step with other first elements of input and output.
  package func run(
    _ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (from, to) = (self.input.image, self.output.image)
    var convolution = unsafe dk_winograd(
      inputs: Int64(inputs), outputs: Int64(to.channels), in_row_pitch: from.row_pitch,
      in_pixel_pitch: from.pixel_pitch, in_channel_pitch: from.channel_pitch,
      out_row_pitch: to.row_pitch, out_pixel_pitch: to.pixel_pitch,
      out_channel_pitch: to.channel_pitch, patches: Int64(inputTiles.count),
      input_tiles: inputTiles.pointer, output_tiles: outputTiles.pointer,
      tiles: Int64(tiles.count), tile_channels: tiles.pointer, weights: weights.pointer,
      bias: bias.pointer, scale: scale?.pointer, shift: shift?.pointer, pool: pool,
      activation: activation)
    unsafe kernels.convolve_winograd(&convolution, input + start, output, scratch)
  }
}
