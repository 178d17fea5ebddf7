internal import InferenceGraph
internal import CKernels

/// The gradient that a loss adds to that of a node's value.
///
/// `@unchecked Sendable` because it changes only between phases.
@safe final class NodeGradients: @unchecked Sendable {
  let shape: [Int]
  /// Whether the current batch has such a gradient.
  var isSet = false
  private let blocks: Int
  private let image: dk_image
  /// `[blocks][elements][16]`, allocated on first use.
  private var storage: Storage<Float>?

  /// Creates a store for gradients of a node's shape for `blocks` blocks.
  init(_ shape: [Int], blocks: Int) {
    self.shape = shape
    self.blocks = blocks
    let (height, width, channels) = BufferView.extents(of: shape)
    image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, border: Border())
  }

  /// Returns the bytes that the gradients take.
  static func bytes(_ shape: [Int], blocks: Int) -> Int {
    shape.reduce(1, *) * laneCount * blocks * MemoryLayout<Float>.size
  }

  private func start(_ block: Int) -> Int { shape.reduce(1, *) * laneCount * block }

  /// Stores the batch's gradients, `[images][elements]`.
  ///
  /// - Returns: The first image with a gradient that is not finite; nil if there is none.
  func take(_ values: [Float]) -> Int? {
    isSet = true
    let storage = self.storage ?? Storage(count: start(blocks))
    self.storage = storage
    let source = ArraySource(values, imageShape: shape)
    var bad: Int?
    for first in stride(from: 0, to: source.count, by: laneCount) {
      let count = min(laneCount, source.count - first)
      // The array is valid during the call.
      let _: Void? = unsafe source.withStoredBytes(of: first..<first + count) {
        guard let images = $0.baseAddress else { return }
        let found = unsafe source.pack(
          images, count: count, scale: 1, into: storage.pointer + start(first / laneCount), image)
        if bad == nil, let found { bad = first + found }
      }
    }
    return bad
  }

  /// Adds a block's gradients to `valueGradient`.
  func add(_ block: Int, to valueGradient: BatchValue) {
    guard isSet, let storage else { return }
    unsafe kernels.scale(
      storage.pointer + start(block), image, valueGradient.at(block), valueGradient.image, nil, true
    )
  }
}
