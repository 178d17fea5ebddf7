/// The order of an image's elements in a data set.
public enum Layout: String, Sendable, Hashable, CaseIterable {
  /// Channels first: `[channels, height, width]`.
  case nchw
  /// Channels last: `[height, width, channels]`.
  case nhwc
}

/// The type of a data set's elements as the executor reads them, in the machine's byte order.
public enum ElementType: Sendable, Hashable {
  /// An unsigned byte.
  case uint8
  /// A 32-bit float.
  case float32
  /// A 64-bit float.
  case float64

  /// The size of an element in bytes.
  public var size: Int {
    switch self {
    case .uint8: 1
    case .float32: 4
    case .float64: 8
    }
  }
}

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

/// Images in memory.
public struct ArraySource: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// The images, one after the other.
  public let values: [Float]
  /// The order of an image's elements.
  public let layout: Layout

  /// Creates a source; `values` must hold whole images.
  public init(_ values: [Float], imageShape: [Int], layout: Layout = .nhwc) {
    let size = imageShape.reduce(1, *)
    precondition(values.count % size == 0, "\(values.count) values for images of \(size)")
    self.values = values
    self.imageShape = imageShape
    self.layout = layout
  }

  /// The number of images.
  public var count: Int { values.count / imageShape.reduce(1, *) }
  /// Always float32.
  public var elementType: ElementType { .float32 }

  /// Calls `body` with images of the array.
  public func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    let size = imageShape.reduce(1, *)
    return unsafe try values[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes {
      unsafe try body($0)
    }
  }

  /// Copies images of the array.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let size = imageShape.reduce(1, *)
    unsafe values[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes {
      unsafe buffer.copyMemory(from: $0)
    }
  }
}
