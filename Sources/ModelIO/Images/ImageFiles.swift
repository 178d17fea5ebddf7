public import InferenceGraph

/// Image files as the images of a network; each file is read on demand.
public struct ImageFiles: SampleSource {
  /// The files.
  public let paths: [String]
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// How a file becomes an image of this shape.
  public let fitting: ImageFitting
  /// Whether a sealed process parses the files.
  public let sandbox: Sandbox

  /// Creates a source; does not read any file.
  ///
  /// - Parameters:
  ///   - paths: The files.
  ///   - inputShape: The shape of the network's input, `[height, width, channels]`.
  ///   - fitting: How a file becomes an image of this shape.
  ///   - sandbox: Whether a sealed process parses the files.
  /// - Throws: ``FileError`` if the input shape is not that of images with one or three channels.
  public init(
    _ paths: [String], for inputShape: [Int], fitting: ImageFitting = ImageFitting(),
    sandbox: Sandbox = .auto
  ) throws(FileError) {
    if let first = paths.first { try PixelImage.check(inputShape, first) }
    self.paths = paths
    self.imageShape = inputShape
    self.fitting = fitting
    self.sandbox = sandbox
  }

  /// The number of images.
  public var count: Int { paths.count }
  /// Channels last.
  public var layout: ImageLayout { .nhwc }
  /// Unsigned bytes.
  public var elementType: ElementType { .uint8 }

  /// Reads files into `buffer`, one after another.
  ///
  /// - Throws: ``FileError`` for the first file that cannot be read or does not fit; see
  ///   ``PixelImage/samples(fitting:path:)``.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    let size = imageShape.reduce(1, *)
    precondition(
      buffer.count >= range.count * size, "a buffer of \(buffer.count) for \(range.count) x \(size)"
    )
    for (position, path) in paths[range].enumerated() {
      let image = try PixelImage(contentsOf: path, sandbox: sandbox).fitted(fitting, path: path)
      let samples = try image.samples(fitting: imageShape, path: path)
      // The part of the buffer for one image.
      unsafe UnsafeMutableRawBufferPointer(
        rebasing: buffer[position * size..<(position + 1) * size]
      ).copyBytes(from: samples)
    }
  }
}
