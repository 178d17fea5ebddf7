/// The bytes of a file of weights: the file, or its image in a sealed process.
struct StateContent {
  let size: Int
  private let read: (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]

  /// Wraps an open file.
  init(of content: FileDescriptor) {
    self.init(size: content.size) { offset, count throws(FileError) in
      try content.bytes(at: offset, count: count)
    }
  }

  /// - Parameter read: Returns `count` bytes of the file at `offset`, which lie in it.
  init(
    size: Int, read: @escaping (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]
  ) {
    self.size = size
    self.read = read
  }

  /// Returns a part of the file.
  ///
  /// - Throws: ``FileError`` if the file ends first, or reading fails.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw FileError(.badData, path: "", "ends too early; copy it again")
    }
    return try read(offset, count)
  }

  /// Returns the little-endian number of 8 bytes at a place.
  ///
  /// - Throws: ``FileError`` as for ``bytes(at:count:)``.
  func number(at offset: Int) throws(FileError) -> UInt64 {
    try bytes(at: offset, count: 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Returns the CRC-32 of a range in the file.
  ///
  /// - Throws: ``FileError`` if reading fails.
  func checksum(of range: Range<Int>) throws(FileError) -> UInt32 {
    var sum: UInt32 = 0
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
      let piece = try bytes(at: start, count: min(1 << 20, range.upperBound - start))
      // The piece is only read.
      sum = unsafe piece.withUnsafeBytes { unsafe Inflater.checksum($0, after: sum) }
    }
    return sum
  }
}
