import CImages

/// libpng at work on one file in memory; in a sealed process where the machine has one.
enum PNGDecoder {
  /// Why a file cannot be decoded.
  enum Failure: UInt64, Error {
    /// It ends before the image does.
    case cutShort = 1
    /// A checksum is wrong, or something else is not as it should be.
    case damaged
    /// It is larger than the limits of ``PNGHeader``.
    case tooLarge
    /// There is not enough memory.
    case noMemory

    /// What to tell about the file.
    var message: String {
      switch self {
      case .cutShort: "ends before its image does; copy it again"
      case .damaged: "is a damaged PNG image; copy it again"
      case .tooLarge: "is larger than it says; save it again"
      case .noMemory: "takes more memory to decode than there is; scale it down first"
      }
    }
  }

  /// An image in libpng's memory.
  @unsafe struct Pixels {
    let width: Int
    let height: Int
    let channels: Int
    let samples: UnsafeRawBufferPointer
  }

  /// Decodes a file and hands the image to `body`, for the duration of its call.
  @unsafe static func decode<Value>(
    _ bytes: UnsafeRawBufferPointer, _ body: (Result<Pixels, Failure>) -> Value
  ) -> Value {
    var pixels = unsafe dk_pixels()
    // The bytes are only read; the samples are this function's until it returns.
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
