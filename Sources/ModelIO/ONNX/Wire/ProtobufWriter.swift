/// Writes fields of one message in the wire format of Protocol Buffers.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  /// Writes an integer of variable length; a negative one takes ten bytes.
  mutating func write(_ number: Int, integer: Int) {
    append(UInt64(number) << 3)
    append(UInt64(bitPattern: Int64(integer)))
  }

  /// Writes a 32-bit float.
  mutating func write(_ number: Int, float: Float) {
    append(UInt64(number) << 3 | 5)
    for offset in 0..<4 {
      bytes.append(UInt8(truncatingIfNeeded: float.bitPattern >> (8 * offset)))
    }
  }

  /// Writes a text.
  mutating func write(_ number: Int, _ text: String) { write(number, Array(text.utf8)) }

  /// Writes a message, a text or other bytes.
  mutating func write(_ number: Int, _ value: [UInt8]) {
    write(key: number, length: value.count)
    bytes += value
  }

  /// Writes a nested message.
  mutating func write(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
    var message = ProtobufWriter()
    body(&message)
    write(number, message.bytes)
  }

  /// Writes the key and the length of a field whose value follows.
  mutating func write(key number: Int, length: Int) {
    append(UInt64(number) << 3 | 2)
    append(UInt64(length))
  }

  private mutating func append(_ varint: UInt64) {
    var rest = varint
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
