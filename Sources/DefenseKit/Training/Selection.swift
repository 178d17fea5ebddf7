public import InferenceGraph

/// Some of a source's images, in an order of one's own; nothing is copied.
public struct Selection: SampleSource {
  /// Where the images are.
  public let source: any SampleSource
  /// Their positions there.
  public let indices: [Int]

  /// Selects images; every index must be one of the source's.
  public init(of source: any SampleSource, _ indices: [Int]) {
    if let wrong = indices.first(where: { $0 < 0 || $0 >= source.count }) {
      preconditionFailure("image \(wrong) of \(source.count)")
    }
    self.source = source
    self.indices = indices
  }

  /// The number of images selected.
  public var count: Int { indices.count }
  /// The source's.
  public var imageShape: [Int] { source.imageShape }
  /// The source's.
  public var layout: Layout { source.layout }
  /// The source's.
  public var elementType: ElementType { source.elementType }

  /// Reads the images; neighbours in the source that follow each other here are read together.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let size = imageShape.reduce(elementType.size, *)
    var position = range.lowerBound
    while position < range.upperBound {
      var end = position + 1
      while end < range.upperBound, indices[end] == indices[end - 1] + 1 { end += 1 }
      let part = (position - range.lowerBound) * size..<(end - range.lowerBound) * size
      // The part of the caller's buffer that these images fill.
      unsafe try source.read(
        indices[position]..<indices[position] + end - position, into: .init(rebasing: buffer[part]))
      position = end
    }
  }
}
