import InferenceGraph

/// Batches of CIFAR-10 or CIFAR-100 in the binary format (Krizhevsky 2009): one file, or a folder
/// with training and test images.
///
/// A record is one byte with the class, in CIFAR-100 after one with the superclass, and 3,072 bytes
/// `[channel][row][column]`. There is no header, so that a file is told by its size and classes.
struct CIFARFiles: DataContainer {
  let path: String
  private let batches: [Batch]
  private let count: Int
  let notes: [String]

  /// The number of bytes of an image.
  static let imageSize = 3 * 32 * 32

  /// A file of records.
  private struct Batch: Sendable {
    let content: FileDescriptor
    /// The number of bytes in front of an image, the last of which is the class.
    let prefix: Int
    /// The class of every image.
    let labels: [Int32]
  }

  /// Opens a file; nil if it is none of this format.
  ///
  /// - Throws: ``FileError`` if it cannot be read.
  init?(file path: String) throws(FileError) {
    guard let batch = try Self.batch(path) else { return nil }
    (self.path, batches, count, notes) = (path, [batch], batch.labels.count, [])
  }

  /// Opens a folder; nil if it does not hold files with the names of this format.
  ///
  /// - Throws: ``FileError`` if one of them has other contents, or cannot be read.
  init?(folder path: String, part: DataPart?) throws(FileError) {
    let all = try FolderListing(path).files
    let names =
      part == .train
      ? all.filter { $0 == "train.bin" || $0.hasPrefix("data_batch_") && $0.hasSuffix(".bin") }
      : all.filter { ["test.bin", "test_batch.bin"].contains($0) }
    guard !names.isEmpty else { return nil }
    var batches: [Batch] = []
    for name in names {
      let place = FolderListing.path(path, name)
      guard let batch = try Self.batch(place), batch.prefix == batches.first?.prefix ?? batch.prefix
      else {
        throw FileError(
          .badData, path: place,
          "has the name of a batch of CIFAR, but other contents; copy it again")
      }
      batches.append(batch)
    }
    (self.path, self.batches) = (path, batches)
    count = batches.reduce(0) { $0 + $1.labels.count }
    notes = ["\(path): takes the images in \(names.joined(separator: ", "))"]
  }

  /// Reads the classes of a file; nil if it is none of this format.
  private static func batch(_ path: String) throws(FileError) -> Batch? {
    let content = try FileDescriptor(path)
    for (prefix, classCount) in [(1, 10), (2, 100)] {
      let size = prefix + imageSize
      guard content.size > 0, content.size % size == 0 else { continue }
      var labels: [Int32] = []
      // A megabyte at a time.
      let step = 341 * size
      for start in stride(from: 0, to: content.size, by: step) {
        let piece = try content.bytes(at: start, count: min(step, content.size - start))
        for place in stride(from: prefix - 1, to: piece.count, by: size) {
          labels.append(Int32(piece[place]))
        }
      }
      if labels.allSatisfy({ $0 < classCount }) {
        return Batch(content: content, prefix: prefix, labels: labels)
      }
    }
    return nil
  }

  var noun: String { "array" }
  var hasNames: Bool { false }
  func usualKeys(_ part: DataPart?) -> [DataKeys] { [.standard] }
  var numberArrays: [any StoredArray] { [] }
  func contents() -> String { "(it is a batch of CIFAR)" }

  /// Returns the SHA-256 of the file, or of the hashes of all files.
  func sha256() throws(FileError) -> String {
    try Images(batches: batches, count: count).sha256()
  }

  func array(_ name: String) throws(FileError) -> (any StoredArray)? {
    switch name {
    case DataKeys.standard.images: Images(batches: batches, count: count)
    case DataKeys.standard.labels: MemoryArray(name, of: batches.flatMap(\.labels))
    default: nil
    }
  }

  /// The images as one array (N, 3, 32, 32) of bytes.
  private struct Images: StoredArray {
    let batches: [Batch]
    let count: Int
    let path = DataKeys.standard.images

    var shape: [Int] { [count, 3, 32, 32] }
    var elementClass: HDF5DatasetInfo.ElementClass { .integer }
    var elementSize: Int { 1 }
    var rawType: ElementType? { .uint8 }

    func read(
      rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) {
      let size = imageSize * type.size
      precondition(buffer.count >= rows.count * size, "a buffer of \(buffer.count) for \(rows)")
      var first = 0
      for batch in batches {
        let own = rows.clamped(to: first..<first + batch.labels.count)
        let record = imageSize + batch.prefix
        for row in own {
          let bytes = try batch.content.bytes(
            at: (row - first) * record + batch.prefix, count: imageSize)
          let place = (row - rows.lowerBound) * size
          // The image is only read, and the part of the buffer has room for it.
          unsafe bytes.withUnsafeBytes {
            unsafe NumpyType.byte.convert(
              $0, to: type, into: .init(rebasing: buffer[place..<place + size]))
          }
        }
        first += batch.labels.count
      }
    }

    func sha256() throws(FileError) -> String {
      var hashes: [String] = []
      for batch in batches { hashes.append(try ModelIO.sha256(of: batch.content)) }
      return hashes.count == 1 ? hashes[0] : ModelIO.sha256(of: Array(hashes.joined().utf8))
    }
  }
}
