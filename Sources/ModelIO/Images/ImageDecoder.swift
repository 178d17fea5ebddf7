import CImages

/// Decodes an image file in memory, in a sealed process if the system has one.
enum ImageDecoder {
  /// The reasons why decoding fails; raw values are those of `CImages`.
  enum Failure: UInt64, Error, CaseIterable {
    /// The file ends before the image does.
    case cutShort = 1
    /// A checksum is wrong, or the contents are invalid.
    case damaged
    /// The image exceeds the limits of ``PNGHeader``.
    case tooLarge
    /// Memory allocation failed.
    case noMemory
    /// The colours are neither grey nor RGB, or have more than 8 bits.
    case colours

    /// Returns the message about a file, with advice.
    func message(_ format: ImageFormat) -> String {
      switch self {
      case .cutShort: "ends before its image does; copy it again"
      case .damaged: "is a damaged \(format.name) image; copy it again"
      case .tooLarge where format == .png: "is larger than it says; save it again"
      case .tooLarge:
        "has more than \(PNGHeader.maximumPixels) pixels, or a side over "
          + "\(PNGHeader.maximumSide); scale it down first"
      case .noMemory: "takes more memory to decode than the system provides; scale it down first"
      case .colours:
        "has colours other than grey or RGB of 8 bits each; convert it to RGB first"
      }
    }
  }

  /// A decoded image in memory that the decoder owns.
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
    let read: (UnsafeRawPointer?, Int, UnsafeMutablePointer<dk_pixels>?) -> Int32
    switch ImageFormat(unsafe [UInt8](bytes.prefix(PNGHeader.signature.count))) {
    case nil: return unsafe body(.failure(.damaged))
    case .netpbm: return unsafe NetpbmDecoder.decode(bytes, body)
    case .png: unsafe read = dk_png_read
    case .jpeg: unsafe read = dk_jpeg_read
    }
    var pixels = unsafe dk_pixels()
    // The library only reads the bytes; this function owns the samples and frees them.
    let status = unsafe read(bytes.baseAddress, bytes.count, &pixels)
    defer { unsafe dk_image_free(pixels.samples) }
    guard status == DK_IMAGE_OK else {
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
