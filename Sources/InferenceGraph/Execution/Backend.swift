internal import CKernels

/// An engine that runs graphs.
///
/// A backend is a type that conforms to this protocol, with types for ``PreparedGraph`` and
/// ``GroupMemory`` (see ``CPU``). ``Executor`` and ``ChannelSweep`` work with any backend. The
/// passes prepare a graph for it (``Normalized``, ``Merged``, ``Fused``); images and results are
/// exchanged as blocks (``BlockValue``).
protocol Backend: Sendable {
  /// Prepares everything that does not depend on the images.
  ///
  /// - Parameters:
  ///   - graph: The graph to compute.
  ///   - blocks: The largest number of blocks of images to run together.
  func prepare(_ graph: Fused, blocks: Int) -> any PreparedGraph
}

/// A value for a block of images, one in each lane of a vector.
///
/// Valid as long as the memory that owns it.
@safe struct BlockValue {
  /// The first element.
  let pointer: UnsafeMutablePointer<Float>
  /// Extents, and pitches in floats.
  let image: dk_image

  /// The number of elements of an image.
  var elementCount: Int { Int(image.height) * Int(image.width) * Int(image.channels) }
}
