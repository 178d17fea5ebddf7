@testable import ModelIO

/// PNG files: our header's reader, libpng as we call it, and what is written from what was read.
enum PNGTarget: FuzzTarget {
  /// Larger images only take time.
  private static let largestArea = 1 << 16

  static var seeds: [[UInt8]] {
    var seeds: [[UInt8]] = [1, 3, 4].compactMap { channels in
      let count = 9 * 5 * channels
      let image = PixelImage(
        width: 9, height: 5, channels: channels, pixels: (0..<count).map { UInt8($0 * 37 & 255) })
      return try? image.png()
    }
    // The first again as the kinds that are not written here: bits of a sample, colour type, interlaced.
    let kinds: [(UInt8, UInt8, UInt8)] = [(1, 0, 0), (4, 3, 1), (16, 2, 0), (8, 4, 1), (8, 2, 1)]
    for (depth, colourType, interlacing) in kinds {
      var changed = seeds[0]
      changed[24] = depth
      changed[25] = colourType
      changed[28] = interlacing
      let palette = chunk("PLTE", (0..<48).map { $0 * 5 })
      let transparency = chunk("tRNS", [0, 7, 0, 9, 0, 11])
      changed.insert(
        contentsOf: (colourType == 3 ? palette : []) + (colourType < 4 ? transparency : []), at: 33)
      seeds.append(changed)
    }
    seeds.append(
      seeds[1][..<33] + chunk("gAMA", [0, 1, 134, 160]) + chunk("iCCP", Array("x\0\0".utf8))
        + chunk("tEXt", Array("key\0value".utf8)) + seeds[1][33...])
    return seeds
  }

  static var words: [String] {
    ["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "iCCP", "sBIT", "zTXt", "acTL"]
  }

  static func parse(_ bytes: [UInt8]) {
    decode(bytes)
    // A changed byte nearly always is a wrong checksum: then nothing behind it would be looked at.
    decode(withChecksums(bytes))
  }

  private static func decode(_ bytes: [UInt8]) {
    guard let header = try? PNGHeader(Array(bytes.prefix(PNGHeader.size)), path: "fuzz"),
      header.width * header.height <= largestArea,
      let image = try? PixelImage(decoding: bytes, header)
    else { return }
    precondition(image.width == header.width && image.height == header.height)
    precondition(image.pixels.count == image.width * image.height * image.channels)
    guard let written = try? image.png(),
      let again = try? PixelImage(
        decoding: written, PNGHeader(Array(written.prefix(PNGHeader.size)), path: "written"))
    else { preconditionFailure("an image that was read cannot be written and read again") }
    precondition(again == image)
  }

  /// The file with the right checksum at the end of every chunk.
  private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      let end = place + 8 + length
      guard end + 4 <= bytes.count else { break }
      bytes.replaceSubrange(end..<end + 4, with: checksum(bytes[place + 4..<end]))
      place = end + 4
    }
    return bytes
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    [0, 0, 0, UInt8(data.count)] + Array(name.utf8) + data
      + checksum((Array(name.utf8) + data)[...])
  }

  /// CRC-32 (ISO/IEC 15948, annex D), bit by bit.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~crc >> $0) }
  }
}
