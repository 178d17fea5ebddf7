/// The contents of an IDX file of bytes (LeCun, Cortes and Burges, the MNIST database).
///
/// Four bytes with type and rank, then the extents as big-endian 32-bit numbers, then the elements
/// in row-major order.
struct IDX {
  /// The extent of every axis.
  let extents: [Int]
  /// The elements, as many as the product of the extents.
  let elements: ArraySlice<UInt8>

  /// Returns the number of bytes before the elements.
  static func headerSize(rank: Int) -> Int { 4 + 4 * rank }

  /// Parses the bytes of a whole file.
  ///
  /// - Parameter path: The file's name, for errors.
  /// - Throws: ``FileError`` if the header is invalid, or the number of elements is not that of the
  ///   shape.
  init(_ bytes: [UInt8], path: String) throws(FileError) {
    // Two zeros, 8 for unsigned bytes, and the rank.
    guard bytes.count >= 4, bytes[..<3] == [0, 0, 8] else {
      throw FileError(.badData, path: path, "is not an IDX file of bytes; install it again")
    }
    let header = Self.headerSize(rank: Int(bytes[3]))
    guard bytes.count >= header else {
      throw FileError(.badData, path: path, "ends within its header; install it again")
    }
    let extents = stride(from: 4, to: header, by: 4).map { start in
      bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    var count = 1
    for extent in extents {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      // Checked even if a later extent is 0, so that callers can multiply the extents without
      // overflow.
      guard !overflow else {
        throw FileError(.badData, path: path, "claims the shape \(extents); install it again")
      }
      count = product
    }
    guard bytes.count - header == count else {
      throw FileError(
        .badData, path: path,
        "has \(bytes.count - header) elements for the shape \(extents); install it again")
    }
    self.extents = extents
    elements = bytes[header...]
  }
}
