public import InferenceGraph

/// PNG files as the images of a network, each read when it is needed.
public struct ImageFiles: SampleSource {
  /// The files.
  public let paths: [String]
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// How the files are parsed.
  public let sandbox: Sandbox

  /// Creates a source; nothing is read yet.
  ///
  /// - Parameters:
  ///   - paths: The files.
  ///   - inputShape: The shape of the network's input, `[height, width, channels]`.
  ///   - sandbox: How the files are parsed.
  /// - Throws: ``FileError`` if the network takes something else than grey or colour images.
  public init(
    _ paths: [String], for inputShape: [Int], sandbox: Sandbox = .auto
  ) throws(FileError) {
    if let first = paths.first { try PixelImage.check(inputShape, first) }
    self.paths = paths
    self.imageShape = inputShape
    self.sandbox = sandbox
  }

  /// The number of images.
  public var count: Int { paths.count }
  /// Always channels last.
  public var layout: Layout { .nhwc }
  /// Always bytes.
  public var elementType: ElementType { .uint8 }

  /// Reads files into `buffer`, one after the other.
  ///
  /// - Throws: ``FileError`` for the first that cannot be read or does not fit; see
  ///   ``PixelImage/samples(fitting:path:)``.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let size = imageShape.reduce(1, *)
    precondition(
      buffer.count >= range.count * size, "a buffer of \(buffer.count) for \(range.count) x \(size)"
    )
    for (position, path) in paths[range].enumerated() {
      let image = try PixelImage(contentsOf: path, sandbox: sandbox)
      let samples = try image.samples(fitting: imageShape, path: path)
      // One image's part of the buffer, which is as long as the samples.
      unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer[position * size..<(position + 1) * size]
      ).copyBytes(from: samples)
    }
  }
}
