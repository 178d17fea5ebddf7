/// A source of images in memory.
public struct ArraySource: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// The elements of all images, one image after the other.
  public let values: [Float]
  /// The order of an image's elements.
  public let layout: ImageLayout

  /// Creates a source. Traps unless `values` holds whole images.
  public init(_ values: [Float], imageShape: [Int], layout: ImageLayout = .nhwc) {
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

  /// Calls `body` with the bytes of the images in `range`.
  public func withStoredBytes(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows -> Void? {
    let size = imageShape.reduce(1, *)
    return unsafe try values[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes {
      unsafe try body($0)
    }
  }

  /// Copies the images of `range` into `buffer`.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let size = imageShape.reduce(1, *)
    unsafe values[range.lowerBound * size..<range.upperBound * size].withUnsafeBytes {
      unsafe buffer.copyMemory(from: $0)
    }
  }
}
