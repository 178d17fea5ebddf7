/// Serializes values, little-endian, for another process on this machine.
struct MessageWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: some FixedWidthInteger) {
    for offset in 0..<value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * offset)))
    }
  }

  /// Appends bytes as they are.
  mutating func append(_ more: [UInt8]) { bytes += more }

  mutating func write(_ text: String) {
    let utf8 = text.utf8
    write(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  mutating func write(_ values: [some FixedWidthInteger]) {
    write(UInt32(values.count))
    for value in values { write(value) }
  }
}
