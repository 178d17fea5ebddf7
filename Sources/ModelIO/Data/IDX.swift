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

  /// The largest number of axes.
  static let maximumRank = 255

  /// Parses the bytes of a whole file.
  ///
  /// - Parameter path: The file's name, for errors.
  /// - Throws: ``FileError`` if the header is invalid, or the number of elements is not that of the
  ///   shape.
  init(_ bytes: [UInt8], path: String) throws(FileError) {
    let header = try Header(bytes, size: bytes.count, path: path)
    extents = header.extents
    elements = bytes[header.size...]
  }

  /// What is in front of the elements.
  struct Header {
    /// The extent of every axis.
    let extents: [Int]
    /// The size in bytes.
    let size: Int

    /// Parses the first bytes of a file.
    ///
    /// - Parameters:
    ///   - start: All bytes, or those of the largest header.
    ///   - fileSize: The size of the file.
    ///   - path: The file's name, for errors.
    /// - Throws: ``FileError`` if the header is invalid, or the number of elements is not that of
    ///   the shape.
    init(_ start: [UInt8], size fileSize: Int, path: String) throws(FileError) {
      // Two zeros, 8 for unsigned bytes, and the rank.
      guard start.count >= 4, start[..<3] == [0, 0, 8] else {
        throw FileError(.badData, path: path, "is not an IDX file of bytes; install it again")
      }
      size = IDX.headerSize(rank: Int(start[3]))
      guard start.count >= size else {
        throw FileError(.badData, path: path, "ends within its header; install it again")
      }
      extents = stride(from: 4, to: size, by: 4).map { place in
        start[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
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
      guard fileSize - size == count else {
        throw FileError(
          .badData, path: path,
          "has \(fileSize - size) elements for the shape \(extents); install it again")
      }
    }
  }
}
