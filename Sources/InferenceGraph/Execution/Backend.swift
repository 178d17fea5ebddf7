internal import CKernels

/// An engine that runs graphs.
///
/// ``CPU`` is one. Another is a type that conforms to these three protocols: ``Executor`` and
/// ``ChannelSweep`` do all with it that they do with the CPU. Graphs come to it through the passes
/// (``Normalized``, ``Merged``, ``Fused``); images and results go by blocks (``BlockValue``).
protocol Backend: Sendable {
  /// Prepares what does not depend on the images.
  ///
  /// - Parameters:
  ///   - graph: What to compute.
  ///   - blocks: The most blocks of images that are run together.
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph
}

/// A value for a block of images: one in each lane of a vector.
///
/// Valid as long as the memory that it belongs to.
@safe struct BlockValue {
  /// The first element.
  let pointer: UnsafeMutablePointer<Float>
  /// Extents and pitches.
  let image: dk_image

  /// The number of elements of an image.
  var elementCount: Int { Int(image.height) * Int(image.width) * Int(image.channels) }
}

/// The most memory that a thread may take: real classifiers stay under half of it.
let maximumBytes = 2 << 30
