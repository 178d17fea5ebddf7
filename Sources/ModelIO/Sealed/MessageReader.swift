/// The error for a malformed answer from the parser's process.
struct MessageError: Error {}

/// Reads values that a ``MessageWriter`` wrote, or that a hostile process made up.
///
/// It never reads beyond the end, and never allocates memory for more values than the bytes can
/// hold.
struct MessageReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether all bytes have been read.
  var isAtEnd: Bool { position == bytes.count }

  mutating func read<Value: FixedWidthInteger>(_ type: Value.Type) throws(MessageError) -> Value {
    let size = MemoryLayout<Value>.size
    guard bytes.count - position >= size else { throw MessageError() }
    var value: Value = 0
    for offset in 0..<size {
      let byte = Value(truncatingIfNeeded: bytes[position + offset])
      value |= byte << Value(truncatingIfNeeded: 8 * offset)
    }
    position += size
    return value
  }

  /// Reads the number of elements that follow, each of which takes at least `size` bytes.
  mutating func count(of size: Int) throws(MessageError) -> Int {
    let count = Int(try read(UInt32.self))
    guard count <= (bytes.count - position) / size else { throw MessageError() }
    return count
  }

  mutating func text() throws(MessageError) -> String {
    let count = try count(of: 1)
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  mutating func integers<Value: FixedWidthInteger>(
    _ type: Value.Type
  ) throws(MessageError) -> [Value] {
    var values: [Value] = []
    for _ in 0..<(try count(of: MemoryLayout<Value>.size)) { values.append(try read(type)) }
    return values
  }
}
