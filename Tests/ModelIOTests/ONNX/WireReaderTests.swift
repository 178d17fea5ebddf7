import NetworkTraining
import Testing

@testable import ModelIO

@Suite("Messages of Protocol Buffers")
struct WireReaderTests {
  /// Returns all fields, or nil if the reader refuses the bytes.
  private func fields(_ bytes: [UInt8]) -> [WireField]? {
    var reader = WireReader(0..<bytes.count)
    var result: [WireField] = []
    do throws(WireError) {
      // Bytes have no padding.
      while let field = try reader.next(in: unsafe bytes.span.bytes) { result.append(field) }
    } catch {
      return nil
    }
    return result
  }

  /// A slow reader, written from the description of the format.
  private func reference(_ bytes: [UInt8]) -> [WireField]? {
    var left = bytes[...]
    func varint() -> UInt64? {
      var groups: [UInt8] = []
      while let byte = left.popFirst() {
        groups.append(byte & 0x7F)
        if byte < 0x80 { break }
        if left.isEmpty { return nil }
      }
      guard (1...10).contains(groups.count) else { return nil }
      var result: UInt64 = 0
      for group in groups.reversed() {
        guard result <= UInt64.max >> 7 else { return nil }
        result = result * 128 + UInt64(group)
      }
      return result
    }
    func fixed(_ size: Int) -> UInt64? {
      guard left.count >= size else { return nil }
      var result: UInt64 = 0
      for byte in left.prefix(size).reversed() { result = result * 256 + UInt64(byte) }
      left = left.dropFirst(size)
      return result
    }
    var result: [WireField] = []
    while !left.isEmpty {
      guard let key = varint(), (1..<1 << 29).contains(key >> 3) else { return nil }
      let value: WireField.Value
      switch key % 8 {
      case 0:
        guard let number = varint() else { return nil }
        value = .varint(number)
      case 1:
        guard let number = fixed(8) else { return nil }
        value = .fixed64(number)
      case 2:
        guard let length = varint(), length <= left.count else { return nil }
        value = .bytes(left.startIndex..<left.startIndex + Int(length))
        left = left.dropFirst(Int(length))
      case 5:
        guard let number = fixed(4) else { return nil }
        value = .fixed32(UInt32(number))
      default: return nil
      }
      result.append(WireField(number: Int(key >> 3), value: value))
    }
    return result
  }

  @Test("Random messages, whole, cut and with a bit flipped", arguments: 0..<300)
  func random(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var writer = WireWriter()
    for _ in 0..<Int.random(in: 0..<8, using: &random) {
      let number = 1 << Int.random(in: 0..<29, using: &random)
      let value =
        UInt64.random(in: 0...UInt64.max, using: &random)
        >> UInt64.random(in: 0..<64, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: writer.write(number, varint: value)
      case 1: writer.write(number, fixed32: UInt32(truncatingIfNeeded: value))
      case 2: writer.write(number, fixed64: value)
      default:
        writer.write(
          number,
          (0..<Int.random(in: 0..<300, using: &random)).map { UInt8(truncatingIfNeeded: $0) })
      }
    }
    let bytes = writer.bytes
    #expect(fields(bytes) == reference(bytes), "seed \(seed)")
    #expect(fields(bytes) != nil, "seed \(seed)")
    for _ in 0..<20 where !bytes.isEmpty {
      let cut = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
      #expect(fields(cut) == reference(cut), "seed \(seed), cut to \(cut.count)")
      var flipped = bytes
      let bit = Int.random(in: 0..<8 * bytes.count, using: &random)
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(fields(flipped) == reference(flipped), "seed \(seed), bit \(bit)")
    }
  }

  @Test("Numbers at the borders of the format")
  func borders() {
    let largest = [UInt8](repeating: 0xFF, count: 9)
    #expect(fields([8] + largest + [1]) == [WireField(number: 1, value: .varint(.max))])
    #expect(fields([8] + largest + [2]) == nil)
    #expect(fields([8] + largest + [0x81, 0]) == nil)
    #expect(fields([0, 0]) == nil, "field 0")
    for type: UInt8 in [3, 4, 6, 7] { #expect(fields([8 | type]) == nil, "wire type \(type)") }
    #expect(fields([10] + largest + [1]) == nil, "a length of 2^64 - 1")
  }
}
