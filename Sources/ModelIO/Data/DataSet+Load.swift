public import InferenceGraph

extension DataSet {
  /// How many labels are read at a time.
  private static let readSize = 128

  /// Opens an HDF5 file with images in `data` and their classes in `label` or `labels`.
  ///
  /// Images are any integers or floats of rank 4, channels first or last, or of rank 3 where there is
  /// one channel; they are not read yet. Labels are classes, counted from 0, of shape (N) or (N, 1),
  /// or one-hot of shape (N, classes). A second set of labels in `true_label` is optional.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - inputShape: The shape of the model's input, `[height, width, channels]`, which decides the
  ///     layout.
  ///   - classCount: The number of the model's classes.
  ///   - layout: The layout, for shapes that fit both.
  ///   - taker: What shape and classes are those of, for messages: "model", "trigger" or the like.
  ///   - sandbox: How the file is parsed.
  /// - Throws: ``FileError``.
  public static func load(
    _ path: String, for inputShape: [Int], classCount: Int, layout: Layout? = nil,
    taker: String = "model", sandbox: Sandbox = .auto
  ) throws(FileError) -> DataSet {
    let file = try HDF5File(path, sandbox: sandbox)
    guard let images = file.datasetIfPresent("data") else {
      let names = file.names().prefix(5).joined(separator: ", ")
      let isModel = file.hasGroup("model_weights") ? "; is it a model?" : ""
      throw file.failure(
        "has no data set 'data' (it has: \(names.isEmpty ? "nothing" : abbreviated(names)))\(isModel)"
      )
    }
    guard images.info.elementClass != .other else {
      throw file.failure("its data set 'data' does not hold numbers")
    }
    let shape = images.info.shape
    let chosen = try self.layout(of: shape, for: inputShape, layout, taker, in: file)
    let count = shape[0]
    guard count > 0 else { throw noImages(in: file) }
    let labels = try readLabels(
      try self.labels(of: file, count: count), of: file, classCount: classCount, taker)
    var trueLabels: [Int32]?
    for name in ["true_label", "true_labels"] {
      guard let found = file.datasetIfPresent(name) else { continue }
      try checkLabels(found, of: file, count: count)
      trueLabels = try readLabels(found, of: file, classCount: classCount, taker)
    }
    return DataSet(
      dataset: images, path: path, imageShape: inputShape, layout: chosen, labels: labels,
      trueLabels: trueLabels)
  }

  /// Returns the layout in which images of the file's shape fit the model.
  private static func layout(
    of shape: [Int], for inputShape: [Int], _ wanted: Layout?, _ taker: String, in file: HDF5File
  ) throws(FileError) -> Layout {
    let image = Array(shape.dropFirst())
    var last = image == inputShape
    var first = false
    if inputShape.count == 3 {
      first = image == [inputShape[2], inputShape[0], inputShape[1]]
      // Without an axis of channels there is but one of them, and both layouts are the same.
      if inputShape[2] == 1, image == Array(inputShape.dropLast()) {
        (first, last) = (wanted == .nchw, wanted != .nchw)
      }
    }
    switch (wanted, first, last) {
    case (.nchw, true, _), (nil, true, false): return .nchw
    case (.nhwc, _, true), (nil, false, true): return .nhwc
    case (nil, true, true):
      throw FileError(
        .usage, path: file.path,
        "its images, \(described(image)), fit the \(taker) channels first and last; "
          + "say which with --layout nchw or --layout nhwc")
    case (.some(let wanted), _, _) where first || last:
      throw FileError(
        .usage, path: file.path,
        "its images, \(described(image)), do not fit the \(taker)'s input, \(described(inputShape)), "
          + "with --layout \(wanted.rawValue); leave the option out")
    default:
      throw file.failure(
        "its images are \(described(image)), but the \(taker) takes \(described(inputShape)) "
          + "(height x width x channels); give data made for this \(taker)")
    }
  }

  private static func described(_ shape: [Int]) -> String {
    shape.isEmpty ? "single numbers" : shape.map(String.init).joined(separator: "x")
  }

  static func noImages(in file: HDF5File) -> FileError {
    file.failure("has no images; give a file with some")
  }

  // MARK: Labels

  /// Finds the images' classes, `label` or `labels`, which are numbers, one or one row for each image.
  static func labels(of file: HDF5File, count: Int) throws(FileError) -> HDF5Dataset {
    guard let labels = file.datasetIfPresent("label") ?? file.datasetIfPresent("labels") else {
      throw file.failure("has no data set 'label' with the images' classes")
    }
    try checkLabels(labels, of: file, count: count)
    return labels
  }

  private static func checkLabels(
    _ labels: HDF5Dataset, of file: HDF5File, count: Int
  ) throws(FileError) {
    let rows = labels.info.shape.first ?? 1
    guard labels.info.elementClass != .other else {
      throw labelFailure(labels, of: file, "does not hold numbers")
    }
    guard rows == count, !labels.info.shape.isEmpty else {
      throw labelFailure(labels, of: file, "has \(rows) labels for \(count) images")
    }
  }

  static func labelFailure(
    _ labels: HDF5Dataset, of file: HDF5File, _ message: String
  ) -> FileError { file.failure("its data set '\(labels.info.path)' \(message)") }

  private static func readLabels(
    _ dataset: HDF5Dataset, of file: HDF5File, classCount: Int, _ taker: String
  ) throws(FileError) -> [Int32] {
    let shape = dataset.info.shape
    let count = shape[0]
    func failure(_ message: String) -> FileError { labelFailure(dataset, of: file, message) }
    if shape.count == 1 || shape == [count, 1] {
      let values = try dataset.doubles()
      var labels: [Int32] = []
      labels.reserveCapacity(count)
      for (index, value) in values.enumerated() {
        guard value == value.rounded() else {
          throw failure("has \(value) at index \(index), which is no class; classes are integers")
        }
        guard value >= 0, value < Double(classCount) else {
          throw failure(
            "has class \(text(value)) at index \(index); the \(taker)'s classes are 0 to "
              + "\(classCount - 1)")
        }
        labels.append(Int32(value))
      }
      return labels
    }
    guard shape == [count, classCount] else {
      throw failure(
        "has the shape \(described(shape)); classes (\(count)) or one-hot labels "
          + "(\(count)x\(classCount)) fit the \(taker)")
    }
    return try readOneHot(dataset, classCount: classCount, failure)
  }

  private static func readOneHot(
    _ dataset: HDF5Dataset, classCount: Int, _ failure: (String) -> FileError
  ) throws(FileError) -> [Int32] {
    let count = dataset.info.shape[0]
    var labels: [Int32] = []
    labels.reserveCapacity(count)
    for start in stride(from: 0, to: count, by: readSize) {
      let rows = start..<min(start + readSize, count)
      let values = try dataset.floats(rows: rows)
      for row in rows {
        let part = values[(row - start) * classCount..<(row - start + 1) * classCount]
        guard part.allSatisfy({ $0 == 0 || $0 == 1 }), part.count(where: { $0 == 1 }) == 1,
          let hot = part.firstIndex(of: 1)
        else { throw failure("is not one-hot in row \(row): one 1 and zeros are needed") }
        labels.append(Int32(hot - part.startIndex))
      }
    }
    return labels
  }

  private static func text(_ value: Double) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
