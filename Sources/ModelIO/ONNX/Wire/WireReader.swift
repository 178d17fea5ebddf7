/// Reads the fields of one message in the wire format of Protocol Buffers.
///
/// It holds a position, not the bytes, and never reads beyond the message. Nested messages are
/// ranges of bytes that another reader takes, so nothing recurses.
struct WireReader {
  /// The offset of the next byte.
  private(set) var position: Int
  private let end: Int

  /// Creates a reader of the message in a range of the bytes that ``next(in:)`` gets.
  init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
  }

  /// Returns the next field; nil at the end of the message.
  ///
  /// - Throws: ``WireError`` if the bytes are not a field, or reach beyond the message.
  mutating func next(in bytes: RawSpan) throws(WireError) -> WireField? {
    precondition(end <= bytes.byteCount, "a message up to \(end) in \(bytes.byteCount) bytes")
    guard position < end else { return nil }
    let key = try varint(in: bytes)
    guard let number = Int(exactly: key >> 3), (1...WireField.largestNumber).contains(number) else {
      throw WireError(offset: position)
    }
    switch key & 7 {
    case 0: return WireField(number: number, value: .varint(try varint(in: bytes)))
    case 1: return WireField(number: number, value: .fixed64(try fixed(8, in: bytes)))
    case 2:
      let length = try varint(in: bytes)
      guard length <= UInt64(end - position) else { throw WireError(offset: position) }
      let start = position
      position += Int(length)
      return WireField(number: number, value: .bytes(start..<position))
    case 5:
      return WireField(number: number, value: .fixed32(UInt32(try fixed(4, in: bytes))))
    default: throw WireError(offset: position)
    }
  }

  /// Reads an integer of variable length, without a key in front.
  ///
  /// - Throws: ``WireError`` if it does not end within the message, or exceeds 64 bits.
  mutating func varint(in bytes: RawSpan) throws(WireError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw WireError(offset: position) }
      let byte = Self.byte(position, in: bytes)
      position += 1
      guard shift < 63 || byte <= 1 else { throw WireError(offset: position) }
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
    }
    throw WireError(offset: position)
  }

  /// Reads a little-endian integer of `size` bytes, without a key in front.
  ///
  /// - Throws: ``WireError`` if the message ends first.
  mutating func fixed(_ size: Int, in bytes: RawSpan) throws(WireError) -> UInt64 {
    guard end - position >= size else { throw WireError(offset: position) }
    var result: UInt64 = 0
    for offset in (0..<size).reversed() {
      result = result << 8 | UInt64(Self.byte(position + offset, in: bytes))
    }
    position += size
    return result
  }

  /// Whether the whole message has been read.
  var isAtEnd: Bool { position == end }

  /// Returns one byte; the span checks the position.
  private static func byte(_ position: Int, in bytes: RawSpan) -> UInt8 {
    // Every bit pattern is a value of `UInt8`.
    unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
  }
}
