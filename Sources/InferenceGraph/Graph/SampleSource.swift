/// A source of images with random access: a file, or an array in memory.
///
/// The executor reads ranges of up to some hundred images, one range at a time. A source can
/// therefore be larger than memory.
public protocol SampleSource: Sendable {
  /// The number of images.
  var count: Int { get }
  /// The shape of an image, `[height, width, channels]`, whatever its layout.
  var imageShape: [Int] { get }
  /// The order of an image's elements.
  var layout: ImageLayout { get }
  /// The type of the elements.
  var elementType: ElementType { get }
  /// Copies the images of `range` into `buffer`, one after the other.
  ///
  /// - Throws: The errors of the medium, for example of a file that cannot be read.
  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws
  /// Calls `body` with the bytes of the images in `range`, if they are in memory.
  ///
  /// Saves the executor a copy. Returns nil, without calling `body`, if ``read(_:into:)`` is the
  /// only way, which is the default.
  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void?
}

extension SampleSource {
  /// Returns nil without calling `body`.
  public func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? { nil }
}
