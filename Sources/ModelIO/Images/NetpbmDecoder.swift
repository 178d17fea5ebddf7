/// Decodes binary PPM and PGM files with samples of 8 bits (Netpbm, ppm(5) and pgm(5)).
enum NetpbmDecoder {
  /// The largest size of the header in bytes, comments included.
  private static let maximumHeader = 1 << 12

  /// Decodes a file and passes the image to `body`; its samples lie in `bytes`.
  @unsafe static func decode<Value>(
    _ bytes: UnsafeRawBufferPointer,
    _ body: (Result<ImageDecoder.Pixels, ImageDecoder.Failure>) -> Value
  ) -> Value {
    do throws(ImageDecoder.Failure) {
      let header = try Header(unsafe Array(bytes.prefix(maximumHeader)))
      let count = header.width * header.height * header.channels
      guard bytes.count - header.count >= count else { throw .cutShort }
      // The part of the file with the samples, whose size is checked.
      let samples = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[header.count..<header.count + count])
      return unsafe body(
        .success(
          .init(
            width: header.width, height: header.height, channels: header.channels,
            samples: samples)))
    } catch {
      return unsafe body(.failure(error))
    }
  }

  /// The text in front of the samples.
  private struct Header {
    let channels: Int
    let width: Int
    let height: Int
    /// The number of bytes of the header.
    let count: Int

    /// Parses the first bytes of a file.
    init(_ start: [UInt8]) throws(ImageDecoder.Failure) {
      channels = start.starts(with: Array("P6".utf8)) ? 3 : 1
      var place = 2
      width = try Self.number(start, &place)
      height = try Self.number(start, &place)
      let largest = try Self.number(start, &place)
      // One white space ends the header.
      guard place < start.count, Self.isSpace(start[place]) else { throw .damaged }
      count = place + 1
      guard width > 0, height > 0, (1...65_535).contains(largest) else { throw .damaged }
      guard width <= PNGHeader.maximumSide, height <= PNGHeader.maximumSide,
        width * height <= PNGHeader.maximumPixels
      else { throw .tooLarge }
      guard largest == 255 else { throw .colours }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
      byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// Returns the next number, after white space and comments, of which there must be some.
    private static func number(
      _ text: [UInt8], _ place: inout Int
    ) throws(ImageDecoder.Failure) -> Int {
      let start = place
      while place < text.count, isSpace(text[place]) || text[place] == UInt8(ascii: "#") {
        if text[place] == UInt8(ascii: "#") {
          while place < text.count, ![0x0A, 0x0D].contains(text[place]) { place += 1 }
        } else {
          place += 1
        }
      }
      guard place > start else { throw .damaged }
      var value = 0
      let first = place
      while place < text.count, (0x30...0x39).contains(text[place]) {
        value = value * 10 + Int(text[place] - 0x30)
        place += 1
        guard place - first <= 9 else { throw .tooLarge }
      }
      guard place > first else { throw text.count == place ? .cutShort : .damaged }
      return value
    }
  }
}
