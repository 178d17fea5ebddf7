/// Writes messages in the wire format of Protocol Buffers, for tests.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ number: Int, varint value: UInt64) {
    key(number, 0)
    varint(value)
  }

  mutating func write(_ number: Int, _ value: [UInt8]) {
    key(number, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func write(_ number: Int, _ value: String) { write(number, Array(value.utf8)) }

  mutating func write(_ number: Int, fixed32 value: UInt32) {
    key(number, 5)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  mutating func write(_ number: Int, fixed64 value: UInt64) {
    key(number, 1)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  private mutating func key(_ number: Int, _ type: UInt64) { varint(UInt64(number) << 3 | type) }

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
