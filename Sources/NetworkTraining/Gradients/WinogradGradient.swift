internal import InferenceGraph
internal import CKernels

/// The gradient of a 3x3 convolution's kernel by the adjoint of Winograd's F(2x2, 3x3): 16 products
/// for a pair of channels and a tile of 2x2 gradients, where the direct method takes 36.
struct WinogradGradient: Sendable {
  private let start: Int
  private let inputs: Int
  private let outputs: Int
  private let input: dk_image
  private let valueGradient: dk_image
  private let inputTiles: Storage<Int32>
  private let gradientTiles: Storage<Int32>
  private let channelOffsets: Storage<Int32>
  private let patches: Storage<Int32>
  private let valueGradients: Storage<Int32>
  private let tiles: Storage<Int32>

  /// Whether the transforms pay off; depends on the layer alone.
  static func applies(to c: Convolution, output: [Int]) -> Bool {
    WinogradStep.applies(to: ConvolutionWeights(c), output: output) && output[0] * output[1] > 4
  }

  init(
    _ c: Convolution, axes: (rows: WindowAxis, columns: WindowAxis), input: dk_image,
    valueGradient: dk_image
  ) {
    self.input = input
    self.valueGradient = valueGradient
    inputs = c.kernel.shape[2]
    outputs = c.kernel.shape[3]
    start = input.start(of: axes)
    var from: [Int32] = []
    var to: [Int32] = []
    for y in stride(from: 0, to: Int(valueGradient.height), by: 2) {
      for x in stride(from: 0, to: Int(valueGradient.width), by: 2) {
        from.append(Int32(y * Int(input.row_pitch) + x * Int(input.pixel_pitch)))
        to.append(Int32(y * Int(valueGradient.row_pitch) + x * Int(valueGradient.pixel_pitch)))
      }
    }
    inputTiles = Storage(from)
    gradientTiles = Storage(to)
    channelOffsets = Storage((0..<inputs).map { Int32($0 * laneCount) })
    // One extra channel: otherwise tiles would fall into the same few cache sets.
    let pitches = (Int32((inputs + 1) * laneCount), Int32((outputs + 1) * laneCount))
    patches = Storage(from.indices.map { Int32($0) * pitches.0 })
    valueGradients = Storage(from.indices.map { Int32($0) * pitches.1 })
    tiles = Storage(tileWidths(outputs))
  }

  /// The number of floats of scratch memory.
  var scratchSize: Int {
    inputTiles.count * (inputs + outputs + 2) * laneCount + 16 * inputs * outputs
  }

  /// Adds a block's gradient, `[9][inputs][outputs]`.
  func run(
    _ from: UnsafeMutablePointer<Float>, _ valueGradients: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    var work = unsafe dk_winograd_weight_gradient(
      inputs: Int64(inputs), outputs: Int64(outputs), in_row_pitch: input.row_pitch,
      in_pixel_pitch: input.pixel_pitch, in_channel_pitch: input.channel_pitch,
      gradient_row_pitch: valueGradient.row_pitch, gradient_pixel_pitch: valueGradient.pixel_pitch,
      gradient_channel_pitch: valueGradient.channel_pitch, input_tiles: inputTiles.pointer,
      gradient_tiles: gradientTiles.pointer,
      products: dk_weight_gradient(
        taps: Int64(inputs), offsets: channelOffsets.pointer, pixels: Int64(inputTiles.count),
        input_pixels: patches.pointer, output_pixels: self.valueGradients.pointer,
        tiles: Int64(tiles.count), tile_channels: tiles.pointer, channel_pitch: Int64(laneCount),
        row_pitch: Int64(outputs)))
    unsafe kernels.winograd_gradient(&work, from + start, valueGradients, gradient, scratch)
  }
}
