import InferenceGraph
import Synchronization

/// The images of a folder as one array (N, H, W, C) of bytes, decoded at the first read.
final class FolderImages: StoredArray {
  let path = DataKeys.standard.images
  let shape: [Int]
  private let folders: ClassFolders
  private let folder: String
  /// The expected image shape, for messages about images of another size.
  private let wanted: [Int]?
  private let resizing: ImageFitting
  private let sandbox: Sandbox
  private let pixels = Mutex<[UInt8]?>(nil)

  /// Creates the array; reads nothing.
  ///
  /// - Parameters:
  ///   - folders: The images' files.
  ///   - folder: The path of the folder, for messages.
  ///   - imageShape: The height and width of the first image, and the number of channels.
  ///   - resizing: How the files become images of this shape.
  ///   - wanted: The expected image shape, if known.
  ///   - sandbox: Whether a sealed process parses the files.
  init(
    _ folders: ClassFolders, folder: String, imageShape: [Int], resizing: ImageFitting,
    wanted: [Int]?, sandbox: Sandbox
  ) {
    self.folders = folders
    self.folder = folder
    self.resizing = resizing
    self.wanted = wanted
    self.sandbox = sandbox
    shape = [folders.files.count] + imageShape
  }

  var elementClass: HDF5DatasetInfo.ElementClass { .integer }
  var elementSize: Int { 1 }
  var rawType: ElementType? { .uint8 }

  func check() throws(FileError) { _ = try loaded() }

  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    let all = try loaded()
    let wanted = rows.lowerBound * rowCount..<rows.upperBound * rowCount
    // The samples of the rows, which are only read; the buffer is checked.
    unsafe all.withUnsafeBytes {
      unsafe NumpyType.byte.convert(.init(rebasing: $0[wanted]), to: type, into: buffer)
    }
  }

  func sha256() throws(FileError) -> String { try folders.sha256() }

  // MARK: Decoding

  /// The number of files that a thread reads at a time.
  private static let pieceSize = 128

  /// The number of bytes that a thread needs for a message to its process, its files and images.
  private static let threadMemory = 8 << 20

  /// Returns the samples of all images, and keeps them.
  private func loaded() throws(FileError) -> [UInt8] {
    try pixels.withLock { pixels throws(FileError) in
      if let pixels { return pixels }
      let all = try decoded()
      pixels = all
      return all
    }
  }

  private func decoded() throws(FileError) -> [UInt8] {
    let files = folders.files
    let imageShape = Array(shape.dropFirst())
    let (size, pieceSize) = (rowCount, Self.pieceSize)
    let bytes = size.multipliedReportingOverflow(by: files.count)
    guard !bytes.overflow,
      bytes.partialValue <= 1 << 20 || MemoryError.isAvailable(bytes.partialValue)
    else {
      throw FileError(
        .unavailable, path: folder,
        "its images take \(size >> 10) KiB each when they are decoded, \(files.count) of them more "
          + "than the system has free; give fewer")
    }
    if let wanted, Array(wanted.prefix(2)) != Array(imageShape.prefix(2)) {
      // Names the file.
      _ = try PixelImage(contentsOf: files[0], sandbox: sandbox)
        .fitted(resizing, path: files[0])
        .samples(fitting: wanted, path: files[0])
    }
    let result = Mutex([UInt8](repeating: 0, count: bytes.partialValue))
    do {
      try runInParallel(
        pieces: (files.count + pieceSize - 1) / pieceSize, options: ExecutionOptions(),
        memory: Self.threadMemory,
        prepare: { ImageReader(sandbox: sandbox) },
        body: { reader, piece in
          let range = piece * pieceSize..<min(files.count, (piece + 1) * pieceSize)
          var samples: [UInt8] = []
          samples.reserveCapacity(range.count * size)
          try reader.read(files[range]) { path, image throws(FileError) in
            let image = try image.fitted(self.resizing, path: path)
            guard image.height == imageShape[0], image.width == imageShape[1] else {
              throw self.sizes(path, image)
            }
            samples += try image.samples(fitting: imageShape, path: path)
          }
          let place = range.lowerBound * size..<range.upperBound * size
          result.withLock { $0.replaceSubrange(place, with: samples) }
        })
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(.unavailable, path: folder, "cannot be read: \(error)")
    }
    return result.withLock { $0 }
  }

  /// Returns the error about two images of different sizes.
  private func sizes(_ other: String, _ image: PixelImage) -> FileError {
    return FileError(
      .badData, path: folder,
      "its images have different sizes: '\(folders.name(folders.files[0]))' is \(shape[1])x\(shape[2]), "
        + "'\(folders.name(other))' \(image.height)x\(image.width) (height x width)",
      remedies: [
        .set("resize", to: ["\(wanted?[0] ?? shape[1])x\(wanted?[1] ?? shape[2])"]),
        .advice("scale them to one size first"),
      ])
  }
}
