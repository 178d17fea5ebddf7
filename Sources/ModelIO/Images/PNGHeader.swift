/// The size of an image from the first bytes of a PNG file (ISO/IEC 15948), read without libpng.
struct PNGHeader: Sendable, Hashable {
  /// The signature of a PNG file.
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The number of bytes to pass to ``init(_:path:)``.
  static let size = 64
  /// The largest number of pixels; as RGBA they take 64 MiB.
  static let maximumPixels = 1 << 24
  /// The largest width or height in pixels.
  static let maximumSide = 1 << 16

  /// The width in pixels, 1 to ``maximumSide``.
  let width: Int
  /// The height in pixels, 1 to ``maximumSide``.
  let height: Int

  /// Parses the beginning of a file.
  ///
  /// - Throws: ``FileError`` if the file is not PNG (the message names the actual kind if it is
  ///   known), or the image is too large.
  init(_ start: [UInt8], path: String) throws(FileError) {
    guard start.starts(with: Self.signature) else {
      throw FileError(.badData, path: path, ImageFormat.otherKind(start))
    }
    // The first chunk is the header: length, name, then width and height, big-endian.
    let chunk: [UInt8] = [0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    guard start.count >= 24, start[8..<16].elementsEqual(chunk) else {
      throw FileError(
        .badData, path: path, "begins as a PNG image, but has no header; copy it again")
    }
    func number(at place: Int) -> Int { start[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    width = number(at: 16)
    height = number(at: 20)
    guard width > 0, height > 0 else {
      throw FileError(.badData, path: path, "claims to have no pixels; copy it again")
    }
    guard width <= Self.maximumSide, height <= Self.maximumSide,
      width * height <= Self.maximumPixels
    else {
      throw FileError(
        .badData, path: path,
        "claims \(width) x \(height) pixels, more than the limit of \(Self.maximumPixels); "
          + "scale it down first")
    }
  }
}
