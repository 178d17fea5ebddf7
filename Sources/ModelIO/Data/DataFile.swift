import InferenceGraph

/// An open file with a data set of images and one of labels, if it has labels.
struct DataFile {
  /// The image shape and the number of classes that the caller expects.
  typealias Wanted = (imageShape: [Int], classCount: Int)

  let file: HDF5File
  let images: HDF5Dataset
  /// The labels; nil if the file has none, where that is allowed.
  let labels: LabelSet?

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - keys: The names of the images and labels in the file; nil: `data`, and `label` or
  ///     `labels`.
  ///   - wanted: The expected image shape and number of classes, if known.
  ///   - requiresLabels: Whether a file without labels is refused; `keys` require them anyway.
  ///   - sandbox: Whether a sealed process parses the file.
  /// - Throws: ``FileError``; if a data set is missing, the message lists pairs that would fit.
  init(
    _ path: String, keys: DataKeys?, fitting wanted: Wanted?, requiresLabels: Bool = true,
    sandbox: Sandbox
  ) throws(FileError) {
    let kind = try FileKind(at: path)
    if let advice = kind.adviceOnData(path) {
      let isFolder = kind == .folder || kind == .savedModel
      throw FileError(isFolder ? .missingInput : .badData, path: path, advice)
    }
    file = try HDF5File(path, sandbox: sandbox, for: .data)
    let names = keys ?? .standard
    guard let images = file.datasetIfPresent(names.images) else {
      throw Self.missing(names.images, "", in: file, keys, wanted, images: nil)
    }
    guard images.info.elementClass != .other else {
      throw file.failure("its data set '\(names.images)' does not hold numbers")
    }
    let shape = images.info.shape
    guard !shape.isEmpty else {
      throw file.failure("its data set '\(names.images)' is a single number, not images")
    }
    guard shape[0] > 0 else { throw file.failure("has no images; give a file with some") }
    self.images = images
    let found =
      file.datasetIfPresent(names.labels) ?? (keys == nil ? file.datasetIfPresent("labels") : nil)
    guard let found else {
      if !requiresLabels, keys == nil {
        labels = nil
        return
      }
      throw Self.missing(
        names.labels, " with the images' classes", in: file, keys, wanted,
        images: (names.images, shape))
    }
    labels = try LabelSet(found, of: file, count: shape[0])
  }

  // MARK: Messages

  /// The largest number of pairs that a message lists.
  private static let maximumPairs = 6

  /// Returns the error about a missing data set.
  private static func missing(
    _ name: String, _ purpose: String, in file: HDF5File, _ keys: DataKeys?, _ wanted: Wanted?,
    images: (String, [Int])?
  ) -> FileError {
    let start = "has no data set '\(abbreviated(name))'\(purpose)"
    let all = file.datasets.filter { $0.info.elementClass != .other }
    let pairs = Self.pairs(all, wanted, images: images)
    guard let first = pairs.first else {
      let names = file.names().prefix(5).joined(separator: ", ")
      let isModel = file.hasGroup("model_weights") ? "; is it a model?" : ""
      return file.failure(
        "\(start) (it has: \(names.isEmpty ? "nothing" : abbreviated(names)))\(isModel)")
    }
    func text(_ dataset: (path: String, info: HDF5DatasetInfo)) -> String {
      "'\(abbreviated(dataset.path))' (\(described(dataset.info.shape)))"
    }
    let list = pairs.prefix(maximumPairs).map { "\(text($0.0)) with \(text($0.1))" }
    let more = pairs.count > maximumPairs ? " and others" : ""
    return file.failure(
      "\(start); these fit: \(list.joined(separator: ", "))\(more)",
      remedies: [.set("keys", to: ["\(first.0.path),\(first.1.path)"])]
        + (pairs.count > 1 ? [.advice("another pair")] : []))
  }

  private typealias Entry = (path: String, info: HDF5DatasetInfo)

  /// Returns the pairs of data sets that could be images and labels: as many labels as images, and
  /// the expected shapes if known.
  private static func pairs(
    _ all: [Entry], _ wanted: Wanted?, images: (path: String, shape: [Int])?
  ) -> [(Entry, Entry)] {
    let candidates = all.filter { entry in
      let shape = entry.info.shape
      if let images { return entry.path == images.path }
      guard let wanted else { return shape.count == 3 || shape.count == 4 }
      let image = Array(shape.dropFirst())
      let (rows, last) = (Array(wanted.imageShape.dropLast()), Array(wanted.imageShape.suffix(1)))
      return [wanted.imageShape, last + rows, last + rows.reversed()].contains { $0 == image }
        || last == [1] && (image == rows || image == rows.reversed())
    }
    return candidates.flatMap { images in
      all.filter { labels in
        labels.path != images.path
          && LabelSet.form(labels.info.shape, count: images.info.shape[0], isTransposed: false).map
          {
            form in wanted.map { form.classes == nil || form.classes == $0.classCount } ?? true
          } ?? false
      }.map { (images, $0) }
    }
  }
}

/// Returns a shape as text, for example `40x6x5x3`.
func described(_ shape: [Int]) -> String {
  shape.isEmpty ? "single numbers" : shape.map(String.init).joined(separator: "x")
}
