import InferenceGraph

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The Fashion-MNIST images (Xiao et al. 2017): 28x28 grey images of clothing in ten classes.
///
/// They are read from the gzipped IDX files that Debian's package `dataset-fashion-mnist` installs,
/// or from the folder that the environment variable `DEFENSEKIT_FASHION_MNIST` names.
public struct FashionMNIST: Sendable {
  /// The training and the test part of the set.
  public enum Part: String, Sendable, CaseIterable {
    /// 60,000 images.
    case train
    /// 10,000 images.
    case test

    /// The number of images.
    public var count: Int { self == .train ? 60_000 : 10_000 }

    fileprivate var prefix: String { self == .train ? "train" : "t10k" }
  }

  /// The folder in which the Debian package installs the files.
  public static let systemFolder = "/usr/share/datasets/fashion-mnist"

  /// The shape of an image, `[height, width, channels]`.
  public static let imageShape = [28, 28, 1]

  /// The number of classes.
  public static let classCount = 10

  /// The folder with the files.
  public let folder: String

  /// Finds the files.
  ///
  /// - Parameter folder: The folder to search; nil: the one in `DEFENSEKIT_FASHION_MNIST`, else
  ///   ``systemFolder``.
  /// - Throws: ``FileError`` with installation advice if the files are missing.
  public init(folder: String? = nil) throws(FileError) {
    // getenv(3) returns a pointer that may become invalid: the text is copied at once.
    let named = unsafe getenv("DEFENSEKIT_FASHION_MNIST").map { unsafe String(cString: $0) }
    self.folder = folder ?? named ?? Self.systemFolder
    let file = "\(self.folder)/\(Part.train.prefix)-images-idx3-ubyte.gz"
    guard (try? InputFile.size(of: file)) != nil else {
      throw FileError(
        .missingInput, path: self.folder,
        "the Fashion-MNIST images are missing; run `apt-get install dataset-fashion-mnist`, or set "
          + "DEFENSEKIT_FASHION_MNIST to a folder with the gzipped IDX files")
    }
  }

  /// Reads images and labels of a part into memory, as bytes.
  ///
  /// - Parameters:
  ///   - part: Training or test images.
  ///   - range: The indices of the images; nil: all.
  /// - Throws: ``FileError`` if a file is missing or damaged.
  public func load(_ part: Part, range: Range<Int>? = nil) throws -> DataSet {
    let range = range ?? 0..<part.count
    precondition(
      range.lowerBound >= 0 && range.upperBound <= part.count, "\(range) of \(part.count) images")
    let size = Self.imageShape.reduce(1, *)
    let images = try read("\(part.prefix)-images-idx3-ubyte.gz", extents: [part.count, 28, 28])
    let labelFile = "\(part.prefix)-labels-idx1-ubyte.gz"
    let labels = try read(labelFile, extents: [part.count])
    if let index = labels.firstIndex(where: { $0 >= UInt8(Self.classCount) }) {
      throw FileError(
        .badData, path: "\(folder)/\(labelFile)",
        "has class \(labels[index]) at index \(index); install it again")
    }
    return DataSet(
      bytes: Array(
        images[(images.startIndex + range.lowerBound * size)...].prefix(range.count * size)),
      elementType: .uint8, imageShape: Self.imageShape,
      labels: labels.dropFirst(range.lowerBound).prefix(range.count).map { Int32($0) },
      name: "fashion-mnist-\(part.rawValue)[\(range.lowerBound)..<\(range.upperBound)]")
  }

  /// Returns the elements of a gzipped IDX file.
  private func read(_ name: String, extents: [Int]) throws -> ArraySlice<UInt8> {
    let path = "\(folder)/\(name)"
    let content = try GzipFile(try FileDescriptor(path), sandbox: .auto).unpacked()
    // The contents, and a part of them.
    try MemoryError.check(2 * content.size, for: path, "images")
    let file = try IDX(try content.bytes(at: 0, count: content.size), path: path)
    guard file.extents == extents else {
      throw FileError(.badData, path: path, "has the shape \(file.extents), not \(extents)")
    }
    return file.elements
  }
}
