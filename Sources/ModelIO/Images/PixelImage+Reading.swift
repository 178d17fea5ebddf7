extension PixelImage {
  /// The largest file size in bytes: twice that of 2^24 uncompressed pixels of 8 bytes.
  private static let maximumFileSize = 1 << 28

  /// Reads a PNG file.
  ///
  /// Samples of 8 bits are read as stored, without regard to gamma and colour profiles. Palettes
  /// and samples of fewer bits are expanded, and 16 bits are rounded to 8. A transparent colour
  /// becomes an alpha channel, and grey with alpha becomes RGBA. Interlaced files are supported; of
  /// an animated file the first image is read.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file cannot be read, is damaged, or has more than 2^24 pixels
  ///   or a side over 2^16.
  public init(contentsOf path: String, sandbox: Sandbox = .auto) throws(FileError) {
    let file = try FileDescriptor(path)
    let header = try PNGHeader(file.prefix(count: PNGHeader.size), path: path)
    guard file.size <= Self.maximumFileSize else {
      throw FileError(
        .badData, path: path,
        "takes \(file.size >> 20) MiB, more than any image of this size; save it again")
    }
    do {
      if let process = try SealedProcess.start(for: file, sandbox) {
        try process.send(.pixels)
        try self.init(
          answer: { try process.receiveNumber() }, bytes: { try process.receive(count: $0) },
          header)
      } else {
        var bytes = [UInt8](repeating: 0, count: file.size)
        try Self.fill(&bytes, from: file)
        try self.init(decoding: bytes, header)
      }
    } catch let failure as PNGDecoder.Failure {
      throw FileError(.badData, path: path, failure.message)
    } catch {
      throw FileError(error, reading: file, with: "libpng")
    }
  }

  /// Decodes a file in memory, within this process.
  ///
  /// - Throws: ``PNGDecoder/Failure``.
  init(decoding bytes: [UInt8], _ header: PNGHeader) throws {
    // The bytes are only read, and the samples are copied before they are freed.
    let image = unsafe try bytes.withUnsafeBytes { bytes in
      unsafe try PNGDecoder.decode(bytes) { result in
        unsafe result.map { pixels in
          unsafe (pixels.width, pixels.height, pixels.channels, [UInt8](pixels.samples))
        }
      }.get()
    }
    guard (image.0, image.1) == (header.width, header.height) else {
      throw PNGDecoder.Failure.damaged
    }
    self.init(width: image.0, height: image.1, channels: image.2, pixels: image.3)
  }

  /// Parses the answer of a sealed process and checks everything but the pixel values.
  ///
  /// - Parameters:
  ///   - number: Receives a number.
  ///   - bytes: Receives the given number of bytes.
  /// - Throws: ``PNGDecoder/Failure``, or ``SealedFailure``.
  init(
    answer number: () throws -> UInt64, bytes: (Int) throws -> [UInt8], _ header: PNGHeader
  ) throws {
    let status = try number()
    guard status == 0 else {
      throw PNGDecoder.Failure(rawValue: status) ?? SealedFailure.invalidAnswer as any Error
    }
    let (width, height, channels) = (try number(), try number(), try number())
    guard width == header.width, height == header.height, [1, 3, 4].contains(channels) else {
      throw SealedFailure.invalidAnswer
    }
    self.init(
      width: header.width, height: header.height, channels: Int(channels),
      pixels: try bytes(header.width * header.height * Int(channels)))
  }

  private static func fill(_ bytes: inout [UInt8], from file: FileDescriptor) throws(FileError) {
    // The buffer is used during the call only. The error leaves through the result, because the
    // closure cannot rethrow it typed.
    let result: Result<Void, FileError> = unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(FileError) {
        return .success(unsafe try file.read(at: 0, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
