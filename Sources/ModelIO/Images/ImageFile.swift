/// An image file open for reading, of a known format and size.
struct ImageFile {
  let content: FileDescriptor
  let format: ImageFormat
  /// The header of a PNG file; that of the others is read with the image.
  let header: PNGHeader?

  /// Opens a file.
  ///
  /// - Throws: ``FileError`` if it cannot be opened, is of no known format, or its size is beyond
  ///   the bounds.
  init(_ path: String) throws(FileError) {
    content = try FileDescriptor(path)
    let start = content.prefix(count: PNGHeader.size)
    guard let format = ImageFormat(start) else {
      throw FileError(.badData, path: path, ImageFormat.otherKind(start))
    }
    self.format = format
    header = format == .png ? try PNGHeader(start, path: path) : nil
    guard content.size <= PixelImage.maximumFileSize else {
      throw FileError(
        .badData, path: path,
        "takes \(content.size >> 20) MiB, more than any image of this size; save it again")
    }
  }

  /// Returns the bytes of the file.
  ///
  /// - Throws: ``FileError`` if reading fails.
  func bytes() throws(FileError) -> [UInt8] { try content.bytes(in: 0..<content.size) }

  /// Returns the error about the file for one of decoding.
  func failure(_ error: any Error) -> FileError {
    if let failure = error as? ImageDecoder.Failure {
      return FileError(.badData, path: content.path, failure.message(format))
    }
    return FileError(error, reading: content, with: format.library)
  }
}
