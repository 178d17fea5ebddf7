import InferenceGraph

/// A data set with the labels of images: classes, or one row of scores per image.
///
/// Axes of extent 1 are ignored: (N), (N, 1) and (1, N) are classes, (N, K) and (N, 1, K) rows of
/// K.
struct LabelSet {
  /// The arrangement of the labels.
  enum Form: Equatable {
    /// One class per image.
    case classes
    /// One row per image, with this many classes.
    case rows(Int)
    /// One column per image, as MATLAB stores rows: the second axis counts images.
    case columns(Int)

    /// The number of classes, if the shape has an axis of classes.
    var classes: Int? {
      switch self {
      case .classes: nil
      case .rows(let count), .columns(let count): count
      }
    }
  }

  let dataset: any StoredArray
  let form: Form
  private let file: any DataContainer
  private let count: Int

  /// Wraps the labels of `count` images.
  ///
  /// - Throws: ``FileError`` if they are not numbers, or their shape does not fit the number of
  ///   images.
  init(
    _ dataset: any StoredArray, of file: any DataContainer, count: Int
  ) throws(FileError) {
    self.dataset = dataset
    self.file = file
    self.count = count
    guard dataset.elementClass != .other else {
      throw Self.failure(dataset, file, "does not hold numbers")
    }
    let shape = dataset.shape
    guard let form = Self.form(shape, count: count, isTransposed: file.isMATLAB) else {
      let squeezed = shape.filter { $0 != 1 }
      let rows = squeezed.first ?? 1
      throw Self.failure(
        dataset, file,
        squeezed.count > 2 || rows == count
          ? "has the shape \(described(shape)); classes (\(count)) or one-hot labels (\(count)xclasses) "
            + "are needed"
          : "has \(rows) labels for \(count) images"
            + (file.isMATLAB
              ? "; these must be along MATLAB's last axis, where permute(X, [2 3 4 1]) puts those of the first"
              : ""))
    }
    self.form = form
  }

  /// Returns the arrangement of labels of a shape; nil if the shape does not fit `count` images.
  ///
  /// - Parameter isTransposed: Whether the first of two axes counts classes if both have extent
  ///   `count`.
  static func form(_ shape: [Int], count: Int, isTransposed: Bool) -> Form? {
    let squeezed = shape.filter { $0 != 1 }
    guard !shape.isEmpty else { return nil }
    switch (squeezed.count, count) {
    case (0, 1): return .classes
    case (1, 1): return .rows(squeezed[0])
    case (1, _): return squeezed[0] == count ? .classes : nil
    case (2, 2...):
      if squeezed[1] == count, isTransposed || squeezed[0] != count { return .columns(squeezed[0]) }
      return squeezed[0] == count ? .rows(squeezed[1]) : nil
    default: return nil
    }
  }

  private static func failure(
    _ dataset: any StoredArray, _ file: any DataContainer, _ message: String
  ) -> FileError { file.failure("\(file.its(dataset)) \(message)") }

  private func failure(_ message: String) -> FileError { Self.failure(dataset, file, message) }

  // MARK: Reading

  /// Returns the number of classes: the extent of a row, or one more than the largest class.
  func classCount() throws(FileError) -> Int {
    if let classes = form.classes { return classes }
    let largest = try dataset.doubles().max() ?? 0
    guard largest >= 0, largest < Double(DataSet.largestClassCount) else {
      throw failure("has \(largest), which is not a class; classes are integers of at least 0")
    }
    return Int(largest) + 1
  }

  /// Reads the class of every image.
  ///
  /// - Parameter consumer: The word for the owner of the classes in messages, for example "model".
  /// - Returns: The classes, and whether any row held class probabilities, of which the largest
  ///   counts.
  /// - Throws: ``FileError`` if a value is not a class, or a row does not single out one.
  func read(
    classCount: Int, _ consumer: String
  ) throws(FileError) -> (labels: [Int32], areSoft: Bool) {
    switch form {
    case .classes: return (try readClasses(classCount, consumer), false)
    case .rows(classCount), .columns(classCount): return try readRows(classCount)
    case .rows, .columns:
      throw failure(
        "has the shape \(described(dataset.shape)); classes (\(count)) or one-hot labels "
          + "(\(count)x\(classCount)) fit the \(consumer)")
    }
  }

  private func readClasses(_ classCount: Int, _ consumer: String) throws(FileError) -> [Int32] {
    var labels: [Int32] = []
    labels.reserveCapacity(count)
    for (index, value) in try dataset.doubles().enumerated() {
      guard value == value.rounded() else {
        throw failure("has \(value) at index \(index), which is not a class; classes are integers")
      }
      guard value >= 0, value < Double(classCount) else {
        throw failure(
          "has class \(Int(exactly: value).map { "\($0)" } ?? "\(value)") at index \(index); the "
            + "\(consumer)'s classes are 0 to \(classCount - 1)")
      }
      labels.append(Int32(value))
    }
    return labels
  }

  /// The number of rows in a read.
  private static let readSize = 128

  private func readRows(_ classCount: Int) throws(FileError) -> (labels: [Int32], areSoft: Bool) {
    var labels: [Int32] = []
    labels.reserveCapacity(count)
    var areSoft = false
    /// Appends the class of a row.
    func add(_ values: some Sequence<Float>) throws(FileError) {
      let row = Array(values)
      guard let largest = row.max(), let label = row.firstIndex(of: largest) else { return }
      if row.allSatisfy({ $0 == 0 || $0 == 1 }), row.count(where: { $0 == 1 }) == 1 {
        labels.append(Int32(label))
        return
      }
      guard row.allSatisfy({ (0...1).contains($0) }), abs(row.reduce(0, +) - 1) < 0.01,
        row.count(where: { $0 == largest }) == 1
      else {
        throw failure(
          "has no class in row \(labels.count): one 1 and zeros are needed, or shares of which one is "
            + "the largest")
      }
      areSoft = true
      labels.append(Int32(label))
    }
    let extent = dataset.shape[0]
    if case .columns = form {
      let values = try dataset.floats()
      for image in 0..<count {
        try add((0..<classCount).lazy.map { values[$0 * count + image] })
      }
    } else if extent != count {
      // The rows of one image, or rows behind a first axis of extent 1.
      let values = try dataset.floats()
      for image in 0..<count {
        try add(values[image * classCount..<(image + 1) * classCount])
      }
    } else {
      for start in stride(from: 0, to: count, by: Self.readSize) {
        let rows = start..<min(start + Self.readSize, count)
        let values = try dataset.floats(rows: rows)
        for row in 0..<rows.count { try add(values[row * classCount..<(row + 1) * classCount]) }
      }
    }
    return (labels, areSoft)
  }
}
