internal import DefenseKit

/// Labelled images as named on the command line: an HDF5 file, or Fashion-MNIST or a part of it.
struct ImageInput: Sendable {
  /// As it was written.
  let text: String
  /// The range of images after `fashion-mnist:`; nil: all.
  private let range: Range<Int>?
  /// Whether it is Fashion-MNIST.
  let isFashionMNIST: Bool

  static let word = "fashion-mnist"

  /// Reads `fashion-mnist`, `fashion-mnist:0-5000`, or else the path of a file.
  ///
  /// - Throws: ``Failure`` with status 64 for a range that is none, 66 for a file that is not there and
  ///   whose name is nearly that word.
  init(_ text: String) throws(Failure) {
    self.text = text
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    isFashionMNIST = parts[0] == Self.word
    if !isFashionMNIST, nearestName(to: String(parts[0]), among: [Self.word]) != nil,
      FileIdentity(text) == nil
    {
      throw Failure(
        Failure.missingInput, "\(text): no such file; did you mean '\(Self.word)'?".visible)
    }
    guard isFashionMNIST, parts.count == 2 else {
      range = nil
      return
    }
    let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let from = ends[0], let to = ends[1], from < to else {
      throw Failure(
        Failure.usage,
        "'\(text)' names no images; write \(Self.word):FROM-TO, as in \(Self.word):0-5000 for the "
          + "first 5000")
    }
    range = from..<to
  }

  /// The file's path, if it is one.
  var path: String? { isFashionMNIST ? nil : text }

  /// The shape and the number of classes of the images, before they are read.
  func extents(
    _ format: DataFormat, as role: String, sandbox: Sandbox
  ) throws -> (imageShape: [Int], layout: Layout, classCount: Int) {
    guard !isFashionMNIST else {
      return (FashionMNIST.imageShape, .nhwc, FashionMNIST.classCount)
    }
    let extents = try DataSet.extents(
      of: text, layout: format.layout, keys: format.keys(of: role), sandbox: sandbox)
    return (extents.imageShape, extents.layout, extents.classCount)
  }

  /// Opens the images.
  ///
  /// - Parameters:
  ///   - part: Which part of Fashion-MNIST is meant.
  ///   - format: How a file is read.
  ///   - role: What it is for, as the option is called that names it.
  ///   - imageShape: The shape that a file's images must have.
  ///   - classCount: The number of classes.
  ///   - taker: What shape and classes are those of, for messages: "attack" or "trigger".
  func load(
    _ part: FashionMNIST.Part, _ format: DataFormat, as role: String, imageShape: [Int],
    classCount: Int, taker: String, sandbox: Sandbox
  ) throws -> DataSet {
    guard isFashionMNIST else {
      return try format.load(
        text, as: role, imageShape: imageShape, classCount: classCount, taker: taker,
        sandbox: sandbox)
    }
    if let range, range.upperBound > part.count {
      throw Failure(
        Failure.usage,
        "'\(text)': the \(part == .train ? "training" : "test") part has \(part.count) images")
    }
    return try FashionMNIST().load(part, range: range)
  }
}
