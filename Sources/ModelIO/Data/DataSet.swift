public import InferenceGraph

/// Labelled images: an HDF5 file that is read on demand, or an array in memory.
public struct DataSet: SampleSource, Sendable {
  /// The class of every image.
  public let labels: [Int32]
  /// Whether the labels come from the data; otherwise all are 0 and mean nothing.
  public internal(set) var isLabelled = true
  /// The true class of every image, if a poisoned set has it besides the attack's target.
  public let trueLabels: [Int32]?
  /// `isPoisoned[i]`: whether image i of a training set carries a trigger, if the set records it.
  public let isPoisoned: [Bool]?
  /// The group of every image, if the images are grouped: the person or the video that they show,
  /// for example. Equal numbers are the same group in every set.
  public let groups: [Int]?
  /// The file's name without its folder, with the range if it is a part, or the name of a set in
  /// memory.
  public let name: String
  /// The file's path; nil for a set in memory.
  public let path: String?
  /// The shape of an image, `[height, width, channels]`, in either layout.
  public let imageShape: [Int]
  /// The axis order of an image's elements.
  public let layout: ImageLayout
  /// The type of the elements after reading, in the machine's byte order.
  ///
  /// Unsigned bytes and little-endian 32- and 64-bit floats are kept; smaller types become float32,
  /// integers of 32 and 64 bits float64.
  public let elementType: ElementType
  /// Remarks for the user about how the file was read, one line each.
  public let notes: [String]

  private let storage: Storage
  /// Whether the file stores images transposed, columns before rows.
  private let isTransposed: Bool

  private enum Storage: Sendable {
    case file(any StoredArray)
    case memory([UInt8])
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// Creates a set of a range of a file's images; what belongs to images is given for all of them.
  init(
    dataset: any StoredArray, path: String, range: Range<Int>, imageShape: [Int],
    layout: ImageLayout, isTransposed: Bool,
    labels: [Int32], trueLabels: [Int32]?, isPoisoned: [Bool]?, groups: [Int]?, notes: [String]
  ) {
    self.labels = Array(labels[range])
    self.trueLabels = trueLabels.map { Array($0[range]) }
    self.isPoisoned = isPoisoned.map { Array($0[range]) }
    self.groups = groups.map { Array($0[range]) }
    let isWhole = range.count == labels.count
    self.name =
      (path.split(separator: "/").last.map(String.init) ?? path)
      + (isWhole ? "" : ":\(range.lowerBound)-\(range.upperBound)")
    self.path = path
    self.imageShape = imageShape
    self.layout = layout
    self.elementType =
      dataset.rawType
      ?? (dataset.elementClass == .integer
        ? dataset.elementSize > 2 ? .float64 : .float32
        : dataset.elementSize > 4 ? .float64 : .float32)
    self.storage = .file(isWhole ? dataset : ArrayRange(range, of: dataset))
    self.isTransposed = isTransposed
    self.notes = notes
  }

  /// Creates a set in memory.
  ///
  /// - Parameters:
  ///   - bytes: The images' elements in the machine's byte order, one image after another.
  ///   - elementType: The type of the elements.
  ///   - imageShape: `[height, width, channels]`.
  ///   - layout: The axis order of an image's elements.
  ///   - labels: The class of every image.
  ///   - trueLabels: The true class of every image, for poisoned sets.
  ///   - isPoisoned: Whether each image carries a trigger, for training sets.
  ///   - groups: The group of every image; nil if they are not grouped.
  ///   - name: The name of the set in reports.
  public init(
    bytes: [UInt8], elementType: ElementType, imageShape: [Int], layout: ImageLayout = .nhwc,
    labels: [Int32], trueLabels: [Int32]? = nil, isPoisoned: [Bool]? = nil, groups: [Int]? = nil,
    name: String
  ) {
    let size = imageShape.reduce(elementType.size, *)
    precondition(
      bytes.count == labels.count * size, "\(bytes.count) bytes for \(labels.count) x \(size)")
    precondition(trueLabels.map { $0.count == labels.count } ?? true, "other number of labels")
    precondition(isPoisoned.map { $0.count == labels.count } ?? true, "other number of images")
    precondition(groups.map { $0.count == labels.count } ?? true, "other number of groups")
    self.labels = labels
    self.trueLabels = trueLabels
    self.isPoisoned = isPoisoned
    self.groups = groups
    self.name = name
    self.path = nil
    self.imageShape = imageShape
    self.layout = layout
    self.elementType = elementType
    self.storage = .memory(bytes)
    self.isTransposed = false
    self.notes = []
  }

  /// Creates a set of 32-bit floats in memory.
  public init(
    values: [Float], imageShape: [Int], layout: ImageLayout = .nhwc, labels: [Int32],
    trueLabels: [Int32]? = nil, name: String
  ) {
    // Only the floats' bytes are copied.
    let bytes = unsafe values.withUnsafeBytes { unsafe [UInt8]($0) }
    self.init(
      bytes: bytes, elementType: .float32, imageShape: imageShape, layout: layout, labels: labels,
      trueLabels: trueLabels, name: name)
  }

  /// Copies images into `buffer`, one after another.
  ///
  /// Several threads may read at once. Compressed files are read fastest in order.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    switch storage {
    case .file(let dataset):
      unsafe try dataset.read(rows: range, as: elementType, into: buffer)
      if isTransposed { unsafe transpose(buffer, images: range.count) }
    case .memory(let bytes):
      let size = imageShape.reduce(elementType.size, *)
      let part = range.lowerBound * size..<range.upperBound * size
      precondition(buffer.count >= part.count, "a buffer of \(buffer.count) for \(part.count)")
      // The copy stays within the bounds checked above.
      unsafe bytes.withUnsafeBytes { unsafe buffer.copyMemory(from: .init(rebasing: $0[part])) }
    }
  }

  /// Transposes the rows and columns of images in place.
  private func transpose(_ buffer: UnsafeMutableRawBufferPointer, images: Int) {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    let planes = layout == .nchw ? channels : 1
    let pixel = elementType.size * channels / planes
    let size = height * width * pixel
    var columns = [UInt8](repeating: 0, count: size)
    for start in stride(from: 0, to: images * planes * size, by: size) {
      // A view of one plane of the buffer, and a copy of it.
      let plane = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + size])
      unsafe columns.withUnsafeMutableBytes { unsafe $0.copyMemory(from: .init(plane)) }
      for y in 0..<height {
        for x in 0..<width {
          for byte in 0..<pixel {
            unsafe plane[(y * width + x) * pixel + byte] = columns[(x * height + y) * pixel + byte]
          }
        }
      }
    }
  }

  /// Returns the SHA-256 of the file's bytes, or of the images and labels in memory: 64 hexadecimal
  /// digits.
  ///
  /// Each call computes it anew and reads the whole file.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  public func sha256() throws(FileError) -> String {
    switch storage {
    case .file(let dataset): return try dataset.sha256()
    case .memory(let bytes):
      return ModelIO.sha256(
        of: bytes
          + (labels + (trueLabels ?? [])).flatMap { label in
            (0..<4).map { UInt8(truncatingIfNeeded: label >> ($0 * 8)) }
          })
    }
  }

  /// Returns the images at `indices`, in that order, as a set in memory.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  public func selecting(_ indices: [Int], name: String? = nil) throws -> DataSet {
    let size = imageShape.reduce(elementType.size, *)
    var bytes = [UInt8](repeating: 0, count: indices.count * size)
    for (position, index) in indices.enumerated() {
      precondition(labels.indices.contains(index), "image \(index) of \(count)")
      // The part of the array for one image.
      try unsafe bytes.withUnsafeMutableBytes {
        try unsafe read(
          index..<index + 1, into: .init(rebasing: $0[position * size..<(position + 1) * size]))
      }
    }
    return DataSet(
      bytes: bytes, elementType: elementType, imageShape: imageShape, layout: layout,
      labels: indices.map { labels[$0] },
      trueLabels: trueLabels.map { all in indices.map { all[$0] } },
      isPoisoned: isPoisoned.map { all in indices.map { all[$0] } },
      groups: groups.map { all in indices.map { all[$0] } },
      name: name ?? self.name)
  }
}
