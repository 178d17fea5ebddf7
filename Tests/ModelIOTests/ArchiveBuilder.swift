import Foundation

@testable import ModelIO

/// Makes zip archives and NumPy arrays byte by byte, right ones and others.
struct ArchiveBuilder {
  /// A member; what it says of itself can be changed.
  struct Member {
    var name: String
    /// The name in the member's own header, if another one.
    var ownName: String?
    var bytes: [UInt8]
    var isDeflated = false
    /// The CRC-32, if another one than that of the bytes.
    var checksum: UInt32?
    /// The sizes in the directory, if others.
    var sizes: (stored: UInt64, size: UInt64)?
    /// The place of the header in the directory, if another one.
    var offset: UInt64?
    var flags: UInt16 = 0
    var method: UInt16?
  }

  var members: [Member]
  /// Whether sizes and places are given by 64-bit fields.
  var isWide = false
  var comment: [UInt8] = []
  /// The number of members in the end record, if another one.
  var count: UInt64?

  /// Returns a little-endian number.
  static func number(_ value: UInt64, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Returns the CRC-32 of bytes, bit by bit (ISO 3309).
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value = UInt32.max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    return ~value
  }

  /// Returns bytes as blocks of deflate that are not packed (RFC 1951, 3.2.4).
  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var start = 0
    repeat {
      let end = min(start + 1000, bytes.count)
      let count = UInt64(end - start)
      result += [end == bytes.count ? 1 : 0] + number(count, 2) + number(~count, 2)
      result += bytes[start..<end]
      start = end
    } while start < bytes.count
    return result
  }

  /// Returns the header of an array and its elements.
  static func array(
    _ shape: String, _ elements: [UInt8], type: String = "'|u1'", order: String = "False",
    version: UInt8 = 1, dictionary: String? = nil
  ) -> [UInt8] {
    let text =
      dictionary ?? "{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }"
    let header = Array(text.utf8) + [0x0A]
    return NumpyHeader.signature + [version, 0]
      + number(UInt64(header.count), version == 1 ? 2 : 4) + header + elements
  }

  /// Returns the archive.
  var bytes: [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for member in members {
      let place = member.offset ?? UInt64(file.count)
      let packed = member.isDeflated ? Self.deflated(member.bytes) : member.bytes
      let sizes = member.sizes ?? (UInt64(packed.count), UInt64(member.bytes.count))
      let method = member.method ?? (member.isDeflated ? 8 : 0)
      let sum = UInt64(member.checksum ?? Self.checksum(member.bytes))
      let name = Array((member.ownName ?? member.name).utf8)
      file +=
        Self.number(0x0403_4B50, 4) + Self.number(20, 2) + Self.number(UInt64(member.flags), 2)
      file += Self.number(UInt64(method), 2) + Self.number(0, 4) + Self.number(sum, 4)
      file += Self.number(UInt64(packed.count), 4) + Self.number(UInt64(member.bytes.count), 4)
      file += Self.number(UInt64(name.count), 2) + Self.number(0, 2) + name + packed
      let (wide, none) = (isWide, UInt64(0xFFFF_FFFF))
      let extra =
        wide
        ? Self.number(1, 2) + Self.number(24, 2) + Self.number(sizes.size, 8)
          + Self.number(sizes.stored, 8) + Self.number(place, 8) : []
      directory += Self.number(0x0201_4B50, 4) + Self.number(45, 2) + Self.number(20, 2)
      directory += Self.number(UInt64(member.flags), 2) + Self.number(UInt64(method), 2)
      directory += Self.number(0, 4) + Self.number(sum, 4)
      directory += Self.number(wide ? none : sizes.stored, 4)
      directory += Self.number(wide ? none : sizes.size, 4)
      directory += Self.number(UInt64(member.name.utf8.count), 2)
      directory += Self.number(UInt64(extra.count), 2) + Self.number(0, 10)
      directory += Self.number(wide ? none : place, 4) + Array(member.name.utf8) + extra
    }
    let (start, size) = (UInt64(file.count), UInt64(directory.count))
    let count = count ?? UInt64(members.count)
    file += directory
    if isWide {
      let place = UInt64(file.count)
      file += Self.number(0x0606_4B50, 4) + Self.number(44, 8) + Self.number(45, 2)
      file += Self.number(45, 2) + Self.number(0, 8) + Self.number(count, 8)
      file += Self.number(count, 8) + Self.number(size, 8) + Self.number(start, 8)
      file += Self.number(0x0706_4B50, 4) + Self.number(0, 4) + Self.number(place, 8)
      file += Self.number(1, 4)
    }
    file += Self.number(0x0605_4B50, 4) + Self.number(0, 4)
    file += Self.number(isWide ? 0xFFFF : count, 2) + Self.number(isWide ? 0xFFFF : count, 2)
    file += Self.number(isWide ? 0xFFFF_FFFF : size, 4)
    file += Self.number(isWide ? 0xFFFF_FFFF : start, 4)
    return file + Self.number(UInt64(comment.count), 2) + comment
  }
}
