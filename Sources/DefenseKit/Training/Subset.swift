public import InferenceGraph

/// Some of a source's images, in any order; nothing is copied.
public struct Subset: SampleSource {
  /// The source of all images.
  public let source: any SampleSource
  /// The positions of the selected images in `source`.
  public let indices: [Int]

  /// Selects images; every index must be a position in `source`.
  public init(of source: any SampleSource, _ indices: [Int]) {
    if let wrong = indices.first(where: { $0 < 0 || $0 >= source.count }) {
      preconditionFailure("image \(wrong) of \(source.count)")
    }
    self.source = source
    self.indices = indices
  }

  /// The number of images selected.
  public var count: Int { indices.count }
  /// The shape of the source's images.
  public var imageShape: [Int] { source.imageShape }
  /// The memory layout of the source's images.
  public var layout: ImageLayout { source.layout }
  /// The storage type of the source's values.
  public var elementType: ElementType { source.elementType }

  /// Reads images in the order of the source, whatever their order here. Images close together in
  /// the source are read in one piece, with those between them.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let size = imageShape.reduce(elementType.size, *)
    let wanted = range.sorted { (indices[$0], $0) < (indices[$1], $1) }
    var position = 0
    while position < wanted.count {
      let first = indices[wanted[position]]
      var end = position + 1
      while end < wanted.count, indices[wanted[end]] - indices[wanted[end - 1]] <= Self.largestGap,
        (indices[wanted[end]] - first) * size < Self.largestPiece
      {
        end += 1
      }
      let piece = first..<indices[wanted[end - 1]] + 1
      let isAsWanted =
        piece.count == end - position
        && (position..<end).allSatisfy { wanted[$0] == wanted[position] + $0 - position }
      let start = (wanted[position] - range.lowerBound) * size
      if isAsWanted {
        // The part of the caller's buffer that these images fill.
        unsafe try source.read(
          piece, into: .init(rebasing: buffer[start..<start + piece.count * size]))
      } else {
        // A local buffer as large as the piece; copies stay within its bounds.
        var images = [UInt8](repeating: 0, count: piece.count * size)
        unsafe try images.withUnsafeMutableBytes { images in
          unsafe try source.read(piece, into: images)
          for place in wanted[position..<end] {
            let from = (indices[place] - first) * size
            let to = (place - range.lowerBound) * size
            unsafe buffer[to..<to + size].copyBytes(from: images[from..<from + size])
          }
        }
      }
      position = end
    }
  }

  /// The maximum distance between two selected images that are read in one piece.
  private static let largestGap = 8
  /// The maximum distance in bytes from the start of a piece to the start of its last image.
  private static let largestPiece = 1 << 22
}
