/// Little-endian numbers and texts in a part of a zip archive.
struct ZipBytes {
  /// The error for a part that ends too early.
  struct TooShort: Error {}

  private let bytes: ArraySlice<UInt8>
  private var place: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
  }

  /// The number of bytes that are left.
  var left: Int { bytes.endIndex - place }

  /// Returns the next `count` bytes.
  mutating func take(_ count: Int) throws(TooShort) -> ArraySlice<UInt8> {
    guard count <= left else { throw TooShort() }
    defer { place += count }
    return bytes[place..<place + count]
  }

  /// Returns the next number of `size` bytes, at most 8; larger ones than Int holds as its largest.
  mutating func number(_ size: Int) throws(TooShort) -> Int {
    Int(clamping: try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
