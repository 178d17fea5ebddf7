internal import InferenceGraph
internal import CKernels

/// The gradient of a 3x3 convolution's kernel by the adjoint of Winograd's F(2x2, 3x3): 16 products
/// for a pair of channels and a tile of 2x2 gradients, where the direct method takes 36.
struct WinogradGradient: Sendable {
  private let start: Int
  private let inputs: Int
  private let outputs: Int
  private let input: dk_image
  private let slope: dk_image
  private let inputTiles: Storage<Int32>
  private let slopeTiles: Storage<Int32>
  private let channelOffsets: Storage<Int32>
  private let patches: Storage<Int32>
  private let slopes: Storage<Int32>
  private let tiles: Storage<Int32>

  /// Whether the transforms pay off; depends on the layer alone.
  static func applies(to c: Convolution, output: [Int]) -> Bool {
    WinogradStep.applies(to: ConvolutionWeights(c), output: output) && output[0] * output[1] > 4
  }

  init(
    _ c: Convolution, axes: (rows: WindowAxis, columns: WindowAxis), input: dk_image,
    slope: dk_image
  ) {
    self.input = input
    self.slope = slope
    inputs = c.kernel.shape[2]
    outputs = c.kernel.shape[3]
    start = input.start(of: axes)
    var from: [Int32] = []
    var to: [Int32] = []
    for y in stride(from: 0, to: Int(slope.height), by: 2) {
      for x in stride(from: 0, to: Int(slope.width), by: 2) {
        from.append(Int32(y * Int(input.row_pitch) + x * Int(input.pixel_pitch)))
        to.append(Int32(y * Int(slope.row_pitch) + x * Int(slope.pixel_pitch)))
      }
    }
    inputTiles = Storage(from)
    slopeTiles = Storage(to)
    channelOffsets = Storage((0..<inputs).map { Int32($0 * laneCount) })
    // One extra channel: otherwise tiles would fall into the same few cache sets.
    let pitches = (Int32((inputs + 1) * laneCount), Int32((outputs + 1) * laneCount))
    patches = Storage(from.indices.map { Int32($0) * pitches.0 })
    slopes = Storage(from.indices.map { Int32($0) * pitches.1 })
    tiles = Storage(tileWidths(outputs))
  }

  /// The number of floats of scratch memory.
  var scratchSize: Int {
    inputTiles.count * (inputs + outputs + 2) * laneCount + 16 * inputs * outputs
  }

  /// Adds a block's gradient, `[9][inputs][outputs]`.
  func run(
    _ from: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    var work = unsafe dk_winograd_slopes(
      inputs: Int64(inputs), outputs: Int64(outputs), in_row_pitch: input.row_pitch,
      in_pixel_pitch: input.pixel_pitch, in_channel_pitch: input.channel_pitch,
      slope_row_pitch: slope.row_pitch, slope_pixel_pitch: slope.pixel_pitch,
      slope_channel_pitch: slope.channel_pitch, input_tiles: inputTiles.pointer,
      slope_tiles: slopeTiles.pointer,
      products: dk_weight_gradient(
        taps: Int64(inputs), offsets: channelOffsets.pointer, pixels: Int64(inputTiles.count),
        input_pixels: patches.pointer, output_pixels: self.slopes.pointer,
        tiles: Int64(tiles.count), tile_channels: tiles.pointer, channel_pitch: Int64(laneCount),
        row_pitch: Int64(outputs)))
    unsafe kernels.winograd_gradient(&work, from + start, slopes, gradient, scratch)
  }
}
