import CImages

/// Decodes a PNG file in memory with libpng, in a sealed process if the system has one.
enum PNGDecoder {
  /// The reasons why decoding fails; raw values are those of `CImages`.
  enum Failure: UInt64, Error {
    /// The file ends before the image does.
    case cutShort = 1
    /// A checksum is wrong, or the contents are invalid.
    case damaged
    /// The image exceeds the limits of ``PNGHeader``.
    case tooLarge
    /// Memory allocation failed.
    case noMemory

    /// The message about the file, with advice.
    var message: String {
      switch self {
      case .cutShort: "ends before its image does; copy it again"
      case .damaged: "is a damaged PNG image; copy it again"
      case .tooLarge: "is larger than it says; save it again"
      case .noMemory: "takes more memory to decode than the system provides; scale it down first"
      }
    }
  }

  /// A decoded image in libpng's memory.
  @unsafe struct Pixels {
    let width: Int
    let height: Int
    let channels: Int
    let samples: UnsafeRawBufferPointer
  }

  /// Decodes a file and passes the image to `body`; it is valid during that call only.
  @unsafe static func decode<Value>(
    _ bytes: UnsafeRawBufferPointer, _ body: (Result<Pixels, Failure>) -> Value
  ) -> Value {
    var pixels = unsafe dk_pixels()
    // libpng only reads the bytes; this function owns the samples and frees them.
    let status = unsafe dk_png_read(bytes.baseAddress, bytes.count, &pixels)
    defer { unsafe dk_png_free(pixels.samples) }
    guard status == DK_PNG_OK else {
      return unsafe body(.failure(Failure(rawValue: UInt64(status)) ?? .damaged))
    }
    let (width, height) = unsafe (Int(pixels.width), Int(pixels.height))
    let channels = unsafe Int(pixels.channels)
    let samples = unsafe UnsafeRawBufferPointer(
      start: pixels.samples, count: width * height * channels)
    return unsafe body(
      .success(Pixels(width: width, height: height, channels: channels, samples: samples)))
  }
}
