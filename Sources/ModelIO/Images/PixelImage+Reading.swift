extension PixelImage {
  /// The largest file size in bytes: twice that of 2^24 uncompressed pixels of 8 bytes.
  static let maximumFileSize = 1 << 28

  /// Reads a PNG, JPEG or binary PPM or PGM file.
  ///
  /// Samples of 8 bits are read as stored, without regard to gamma and colour profiles. Palettes
  /// and samples of fewer bits are expanded, and 16 bits are rounded to 8. A transparent colour
  /// becomes an alpha channel, and grey with alpha becomes RGBA. Interlaced files are supported; of
  /// an animated file the first image is read. JPEG is decoded as Pillow does it, without regard to
  /// the orientation in its metadata.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError`` if the file cannot be read, is damaged, or has more than 2^24 pixels
  ///   or a side over 2^16.
  public init(contentsOf path: String, sandbox: Sandbox = .auto) throws(FileError) {
    let file = try ImageFile(path)
    do {
      if let process = try SealedProcess.start(for: file.content, sandbox) {
        try process.send(.pixels)
        try self.init(answer: process, file.header)
      } else {
        try self.init(decoding: file.bytes(), file.header)
      }
    } catch {
      throw file.failure(error)
    }
  }

  /// Decodes a file in memory, within this process.
  ///
  /// - Parameter header: The header, of a PNG file.
  /// - Throws: ``ImageDecoder/Failure``.
  init(decoding bytes: [UInt8], _ header: PNGHeader?) throws {
    // The bytes are only read, and the samples are copied before they are freed.
    let image = unsafe try bytes.withUnsafeBytes { bytes in
      unsafe try ImageDecoder.decode(bytes) { result in
        unsafe result.map { pixels in
          unsafe (pixels.width, pixels.height, pixels.channels, [UInt8](pixels.samples))
        }
      }.get()
    }
    if let header, (image.0, image.1) != (header.width, header.height) {
      throw ImageDecoder.Failure.damaged
    }
    self.init(width: image.0, height: image.1, channels: image.2, pixels: image.3)
  }

  /// Receives an image from a sealed process; see ``init(answer:bytes:_:)``.
  init(answer process: SealedProcess, _ header: PNGHeader?) throws {
    try self.init(
      answer: { try process.receiveNumber() }, bytes: { try process.receive(count: $0) }, header)
  }

  /// Parses the answer of a sealed process and checks everything but the pixel values.
  ///
  /// - Parameters:
  ///   - number: Receives a number.
  ///   - bytes: Receives the given number of bytes.
  ///   - header: The header, of a PNG file.
  /// - Throws: ``ImageDecoder/Failure``, or ``SealedFailure``.
  init(
    answer number: () throws -> UInt64, bytes: (Int) throws -> [UInt8], _ header: PNGHeader?
  ) throws {
    let status = try number()
    guard status == 0 else {
      throw ImageDecoder.Failure(rawValue: status) ?? SealedFailure.invalidAnswer as any Error
    }
    let (width, height, channels) = (try number(), try number(), try number())
    let side = UInt64(PNGHeader.maximumSide)
    guard header.map({ width == $0.width && height == $0.height }) ?? true,
      (1...side).contains(width), (1...side).contains(height),
      width * height <= PNGHeader.maximumPixels, [1, 3, 4].contains(channels)
    else { throw SealedFailure.invalidAnswer }
    self.init(
      width: Int(width), height: Int(height), channels: Int(channels),
      pixels: try bytes(Int(width * height * channels)))
  }
}
