/// A gzip-compressed file (RFC 1952) with one member, unpacked in a sealed process.
struct GzipFile {
  /// The number of bytes when unpacked, as the file says.
  let size: Int
  private let content: FileDescriptor
  private let unpacker: Unpacker
  /// The place of the deflated bytes in the file.
  private let packed: Range<Int>
  /// The CRC-32 of the unpacked bytes.
  private let checksum: UInt32

  /// The size of the header without its optional fields, and that of the trailer.
  private static let (headerSize, trailerSize) = (10, 8)
  /// The largest size of a header with extra field, name and comment.
  private static let maximumHeaderSize = 1 << 18

  /// Reads header and trailer.
  ///
  /// - Throws: ``FileError`` if they are damaged.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    unpacker = Unpacker(content, sandbox: sandbox)
    let start = content.prefix(count: Self.maximumHeaderSize)
    let end = content.size - Self.trailerSize
    guard let header = Self.end(ofHeader: start), header <= end else {
      throw Self.damaged(content)
    }
    packed = header..<end
    let trailer = try content.bytes(at: end, count: Self.trailerSize)
    func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
      bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    checksum = number(trailer[..<4])
    size = Int(number(trailer[4...]))
  }

  /// Returns the first `count` bytes, or all if there are fewer.
  ///
  /// - Throws: ``FileError`` if they cannot be unpacked.
  func prefix(count: Int) throws(FileError) -> [UInt8] {
    guard let bytes = try unpacker.bytes(of: packed, count: min(count, size), name: "") else {
      throw Self.damaged(content)
    }
    return bytes
  }

  /// Returns the unpacked bytes as a file without a name.
  ///
  /// - Throws: ``FileError`` if they cannot be unpacked, their size or checksum is wrong, or memory
  ///   is insufficient.
  func unpacked() throws(FileError) -> FileDescriptor {
    try content.checkMemory(size, "its contents")
    guard let file = try unpacker.file(of: packed, count: size, checksum: checksum, name: "") else {
      throw Self.damaged(content)
    }
    return file
  }

  private static func damaged(_ content: FileDescriptor) -> FileError {
    FileError(
      .badData, path: content.path, "is damaged and cannot be unpacked; copy it again")
  }

  /// Returns the place behind the header with its optional fields; nil if it is damaged.
  private static func end(ofHeader bytes: [UInt8]) -> Int? {
    // Signature and deflate, then the flags, of which three are reserved.
    guard bytes.count >= headerSize, bytes.starts(with: [0x1F, 0x8B, 8]), bytes[3] & 0xE0 == 0
    else { return nil }
    let flags = bytes[3]
    var place = headerSize
    if flags & 4 != 0 {
      guard bytes.count >= place + 2 else { return nil }
      place += 2 + Int(bytes[place]) + Int(bytes[place + 1]) << 8
    }
    // Name and comment end with a zero.
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      guard place <= bytes.count, let zero = bytes[place...].firstIndex(of: 0) else { return nil }
      place = zero + 1
    }
    if flags & 2 != 0 { place += 2 }
    return place <= bytes.count ? place : nil
  }
}
