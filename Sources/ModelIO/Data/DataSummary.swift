public import InferenceGraph

/// What is read of a data set: its images, their values, and their classes.
public struct DataSummary: Sendable {
  /// A class and its images.
  public struct Class: Sendable, Hashable {
    /// The class, counted from 0.
    public let label: Int
    /// The name of its folder, if folders are sorted.
    public let name: String?
    /// The number of images.
    public let images: Int
  }

  /// The images.
  public let data: DataSet
  /// The names of the arrays that were read.
  public let keys: DataKeys
  /// Whether the file has arrays with names; a folder of images has none.
  public let hasNames: Bool
  /// The type of a stored value, for example "8-bit integers".
  public let type: String
  /// The smallest finite value; nil if there is none.
  public let smallest: Float?
  /// The largest finite value; nil if there is none.
  public let largest: Float?
  /// The mean of the finite values; nil if there is none.
  public let mean: Float?
  /// The number of values that are NaN or infinite.
  public let nonfinite: Int
  /// The classes from 0 to the last one; empty without labels.
  public let classes: [Class]
  /// The SHA-256 of the file, or of a folder's names and files: 64 hexadecimal digits.
  public let sha256: String

  /// Reads all of a data set.
  ///
  /// - Parameters:
  ///   - path: A file or folder as for `DataSet.load`; labels may be missing.
  ///   - layout: The layout, for shapes that are ambiguous.
  ///   - keys: The names of the images and labels in the file; nil: as for `DataSet.load`.
  ///   - part: The part to prefer if there are training and test images; nil: the test images.
  ///   - naming: How the folders of a folder of images name classes.
  ///   - fitting: How image files become images of one size.
  ///   - range: The indices of the images to take; nil: all.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``.
  public init(
    of path: String, layout: ImageLayout? = nil, keys: DataKeys? = nil, part: DataPart? = nil,
    naming: ClassNaming = .sorted, fitting: ImageFitting = ImageFitting(),
    range: Range<Int>? = nil, sandbox: Sandbox = .auto
  ) throws {
    let file = try DataFile(
      path, keys: keys, part: part, naming: naming, resizing: fitting, fitting: nil,
      requiresLabels: false, sandbox: sandbox)
    let extents = try DataSet.extents(of: file, layout: layout)
    let data = try DataSet.load(
      path, for: extents.imageShape, classCount: extents.classCount, layout: extents.layout,
      keys: keys, part: part, naming: naming, fitting: fitting, range: range,
      consumer: "data set", requiresLabels: false, sandbox: sandbox)
    self.data = data
    self.keys = file.keys
    hasNames = file.file.hasNames
    let bits = 8 * file.images.elementSize
    type = "\(bits)-bit \(file.images.elementClass == .float ? "floats" : "integers")"
    var (smallest, largest, sum, count) = (Float.infinity, -Float.infinity, 0.0, 0)
    var nonfinite = 0
    try data.forEachBatch(data.layout) { _, values in
      for value in values {
        guard value.isFinite else {
          nonfinite += 1
          continue
        }
        (smallest, largest) = (min(smallest, value), max(largest, value))
        sum += Double(value)
        count += 1
      }
    }
    self.smallest = count > 0 ? smallest : nil
    self.largest = count > 0 ? largest : nil
    mean = count > 0 ? Float(sum / Double(count)) : nil
    self.nonfinite = nonfinite
    var counts = [Int](repeating: 0, count: data.isLabelled ? extents.classCount : 0)
    if data.isLabelled { for label in data.labels { counts[Int(label)] += 1 } }
    let names = file.file.classNames
    classes = counts.enumerated().map { label, images in
      Class(label: label, name: names.map { $0[label] }, images: images)
    }
    sha256 = try data.sha256()
  }

  /// The schema of ``json``.
  public static let schema = 1

  /// The properties as JSON; `runner schema data` describes them.
  public var json: JSON {
    func number(_ value: Float?) -> JSON { value.map { .number(Double($0)) } ?? .null }
    return .object([
      .init("schema", .int(Self.schema)),
      .init("images", .int(data.count)),
      .init("shape", .array(data.imageShape.map { .int($0) })),
      .init("layout", .string(data.layout.rawValue)),
      .init("type", .string(type)),
      .init("minimum", number(smallest)),
      .init("maximum", number(largest)),
      .init("mean", number(mean)),
      .init("nonfinite", .int(nonfinite)),
      .init(
        "arrays",
        hasNames
          ? .object([
            .init("images", .string(keys.images)),
            .init("labels", data.isLabelled ? .string(keys.labels) : .null),
          ]) : .null),
      .init("poisoned", data.isPoisoned.map { flags in .int(flags.count { $0 }) } ?? .null),
      .init(
        "classes",
        data.isLabelled
          ? .array(
            classes.map { item in
              .object([
                .init("class", .int(item.label)),
                .init("name", item.name.map { .string($0) } ?? .null),
                .init("images", .int(item.images)),
              ])
            }) : .null),
      .init("sha256", .string(sha256)),
      .init("notes", .array(data.notes.map { .string($0) })),
    ])
  }
}
