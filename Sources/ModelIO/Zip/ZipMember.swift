/// A member of a zip archive, checked against the size of its file.
struct ZipMember: Sendable {
  /// Its name.
  let name: String
  /// Whether it is packed with deflate; otherwise it is stored as it is.
  let isDeflated: Bool
  /// The CRC-32 of its unpacked bytes.
  let checksum: UInt32
  /// The number of bytes in the file.
  let storedSize: Int
  /// The number of bytes when unpacked.
  let size: Int
  /// The place of its header in the file.
  let headerOffset: Int
  /// The place of the first of its bytes in the file.
  var offset = 0

  /// The end of its bytes in the file.
  var end: Int { offset + storedSize }
  /// The place of its bytes in the file.
  var packed: Range<Int> { offset..<end }
}
