internal import InferenceGraph

extension PixelImage {
  /// Returns the samples in the form of a network's input, `[height][width][channels]`.
  ///
  /// A grey image becomes three equal channels if the network expects colour. A colour image
  /// becomes grey only if all three channels are equal, and an alpha channel is dropped only if
  /// every pixel is opaque, so that no information is lost.
  ///
  /// - Parameters:
  ///   - shape: The network's input shape, `[height, width, channels]`.
  ///   - path: The image's file, for errors.
  /// - Throws: ``FileError`` if the sizes differ, or the image has colours or transparency that the
  ///   network does not accept.
  public func samples(fitting shape: [Int], path: String) throws(FileError) -> [UInt8] {
    func failure(_ message: String) -> FileError { FileError(.badData, path: path, message) }
    try Self.check(shape, path)
    guard [height, width] == shape.prefix(2) else {
      throw FileError(
        .badData, path: path,
        "the image is \(height)x\(width), but the model takes \(shape[0])x\(shape[1]) "
          + "(height x width)",
        remedies: [
          .set("resize", to: ["\(shape[0])x\(shape[1])"]), .advice("scale it first"),
        ])
    }
    if channels == 4,
      let place = stride(from: 3, to: pixels.count, by: 4).first(where: { pixels[$0] != 255 })
    {
      throw failure(
        "the image is transparent at row \(place / 4 / width), column \(place / 4 % width), and the "
          + "model sees no transparency; put it on a background first")
    }
    let pixelCount = width * height
    if shape[2] == 3 {
      if channels == 3 { return pixels }
      return (0..<pixelCount * 3).map { pixels[$0 / 3 * channels + (channels == 1 ? 0 : $0 % 3)] }
    }
    for start in stride(from: 0, to: pixels.count, by: channels) where channels > 1 {
      guard pixels[start] == pixels[start + 1], pixels[start] == pixels[start + 2] else {
        throw failure("the image has colours, but the model takes one channel; make it grey first")
      }
    }
    return (0..<pixelCount).map { pixels[$0 * channels] }
  }

  /// Throws unless the network's input is an image with one or three channels.
  static func check(_ shape: [Int], _ path: String) throws(FileError) {
    guard shape.count == 3, [1, 3].contains(shape[2]) else {
      throw FileError(
        .badData, path: path,
        "images have one or three channels, but the model takes "
          + "\(shape.map(String.init).joined(separator: "x")); give an HDF5 data set")
    }
  }
}
