import CImages

/// An image with 8-bit samples.
///
/// Samples are as stored in the file, without conversion for gamma or colour profiles.
public struct PixelImage: Sendable, Hashable {
  /// The width in pixels.
  public let width: Int
  /// The height in pixels.
  public let height: Int
  /// The number of samples per pixel: 1 for grey, 3 for RGB, 4 for RGBA with alpha not
  /// premultiplied.
  public let channels: Int
  /// The samples, `[height][width][channels]`, 0...255.
  public let pixels: [UInt8]

  /// The largest number of pixels in a file.
  package static var maximumPixels: Int { PNGHeader.maximumPixels }
  /// The largest width or height in a file.
  package static var maximumSide: Int { PNGHeader.maximumSide }

  /// Creates an image from `height` x `width` x `channels` samples.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "an image of \(width) x \(height) pixels")
    precondition([1, 3, 4].contains(channels), "\(channels) channels; there can be 1, 3 or 4")
    precondition(
      pixels.count == width * height * channels,
      "\(pixels.count) samples for \(width) x \(height) x \(channels)")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Returns the image as a PNG file without metadata.
  ///
  /// - Throws: ``FileError`` of kind `.unavailable` if the image has more than 2^24 pixels or a
  ///   side over 2^16, or memory is insufficient.
  public func png() throws(FileError) -> [UInt8] { try encoded(path: "PNG image") }

  /// Writes the image as a PNG file atomically; see ``AtomicFile``.
  ///
  /// - Throws: ``FileError`` as for ``png()``, and if the file cannot be written.
  public func write(to path: String) throws(FileError) {
    try AtomicFile.write(encoded(path: path), to: path)
  }

  private func encoded(path: String) throws(FileError) -> [UInt8] {
    guard width <= PNGHeader.maximumSide, height <= PNGHeader.maximumSide,
      width * height <= PNGHeader.maximumPixels
    else {
      throw FileError(
        .unavailable, path: path,
        "\(width) x \(height) pixels are more than the \(PNGHeader.maximumPixels) that can be "
          + "written; make the image smaller")
    }
    var file = unsafe dk_bytes()
    var copy = pixels
    // libpng only reads the copy, although the parameter is mutable, and allocates the result
    // itself.
    let status = unsafe copy.withUnsafeMutableBufferPointer { samples in
      var image = unsafe dk_pixels(
        width: UInt32(width), height: UInt32(height), channels: UInt32(channels),
        samples: samples.baseAddress)
      return unsafe dk_png_write(&image, &file)
    }
    defer { unsafe dk_image_free(file.start) }
    guard status == DK_IMAGE_OK else {
      throw FileError(
        .unavailable, path: path, "there is not enough memory to write the image; make it smaller")
    }
    return unsafe Array(UnsafeBufferPointer(start: file.start, count: file.count))
  }
}
