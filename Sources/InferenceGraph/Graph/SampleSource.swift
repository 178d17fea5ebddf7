/// Images that can be read in any order, as often as needed: a file, or an array in memory.
///
/// The executor reads ranges of up to some hundred images, one at a time, so that a set larger
/// than memory streams.
public protocol SampleSource: Sendable {
  /// The number of images.
  var count: Int { get }
  /// The shape of an image, `[height, width, channels]`, whatever its layout.
  var imageShape: [Int] { get }
  /// The order of an image's elements.
  var layout: Layout { get }
  /// The type of the elements.
  var elementType: ElementType { get }
  /// Copies the images of `range` into `buffer`, one after the other.
  ///
  /// - Throws: What the medium throws, such as a file that cannot be read.
  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws
  /// Calls `body` with the images of `range` where they lie, if they lie in memory.
  ///
  /// It saves the executor a copy. The default does nothing and returns nil.
  func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void?
}

extension SampleSource {
  /// Returns nil: the images must be read.
  public func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? { nil }
}
