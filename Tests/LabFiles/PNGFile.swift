/// A PNG file put together from its parts (ISO/IEC 15948), so that tests can make any kind, good or bad.
public struct PNGFile {
  /// How its rows are stored.
  public struct Format: Sendable {
    /// Bits of a sample: 1, 2, 4, 8 or 16.
    public var depth: Int
    /// 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA.
    public var colourType: Int
    /// Whether the pixels come in Adam7's seven passes.
    public var isInterlaced: Bool

    /// Creates a format.
    public init(depth: Int = 8, colourType: Int, isInterlaced: Bool = false) {
      self.depth = depth
      self.colourType = colourType
      self.isInterlaced = isInterlaced
    }

    var channels: Int { [1, 0, 3, 1, 2, 0, 4][colourType] }
  }

  /// How every such file begins.
  public static let signature: [UInt8] = [137, 80, 78, 71, 13, 10, 26, 10]

  /// Name and contents of every chunk.
  public var chunks: [(name: String, data: [UInt8])]

  /// Creates a file of samples, `[height][width][channels]`, each below 2 to the power of the depth.
  ///
  /// - Parameter extra: Chunks between the header and the pixels.
  public init(
    width: Int, height: Int, _ format: Format, samples: [Int],
    extra: [(name: String, data: [UInt8])] = []
  ) {
    let channels = format.channels
    precondition(samples.count == width * height * channels, "\(samples.count) samples")
    /// First column, first row, and the steps of both.
    let passes =
      format.isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    var rows: [UInt8] = []
    for (x0, y0, dx, dy) in passes where x0 < width {
      for y in stride(from: y0, to: height, by: dy) {
        rows.append(0)
        var bits: [Bool] = []
        for x in stride(from: x0, to: width, by: dx) {
          for channel in 0..<channels {
            let sample = samples[(y * width + x) * channels + channel]
            bits += (0..<format.depth).reversed().map { sample >> $0 & 1 == 1 }
          }
        }
        for start in stride(from: 0, to: bits.count, by: 8) {
          rows.append(
            (0..<8).reduce(0) { $0 << 1 | (start + $1 < bits.count && bits[start + $1] ? 1 : 0) })
        }
      }
    }
    let header =
      Self.bigEndian(width) + Self.bigEndian(height)
      + [UInt8(format.depth), UInt8(format.colourType), 0, 0, format.isInterlaced ? 1 : 0]
    chunks = [("IHDR", header)] + extra + [("IDAT", Self.zlib(rows)), ("IEND", [])]
  }

  /// The file's bytes, with right checksums.
  public var bytes: [UInt8] {
    chunks.reduce(Self.signature) { $0 + Self.chunk($1.name, $1.data) }
  }

  /// A chunk with its length and checksum.
  public static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let content = Array(name.utf8) + data
    return bigEndian(data.count) + content + bigEndian(Int(crc32(content)))
  }

  /// A number in four bytes.
  public static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  /// A zlib stream that stores the bytes as they are (RFC 1950 and 1951).
  public static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let count = min(65535, bytes.count - start)
      let isLast = start + count == bytes.count
      result += [isLast ? 1 : 0, UInt8(count & 255), UInt8(count >> 8)]
      result += [UInt8(~count & 255), UInt8(~count >> 8 & 255)]
      result += bytes[start..<start + count]
      start += count
    } while start < bytes.count
    var (a, b) = (1, 0)
    for byte in bytes {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return result + bigEndian(b << 16 | a)
  }

  /// The checksum of chunks.
  public static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
