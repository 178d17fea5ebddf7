internal import DefenseKit

/// Labelled images named on the command line: a file, a folder or Fashion-MNIST, or a range of it.
struct ImageInput: Sendable {
  /// The text on the command line.
  let text: String
  /// The range of images after `fashion-mnist:`; nil for all.
  private let range: Range<Int>?
  /// Whether the images are Fashion-MNIST's.
  let isFashionMNIST: Bool

  static let word = "fashion-mnist"

  /// Reads `fashion-mnist`, `fashion-mnist:0-5000`, or else a file or folder as ``DataPlace`` does.
  ///
  /// - Throws: ``Failure`` with status 64 for an invalid range, 66 for a missing file whose name is
  ///   similar to `fashion-mnist`.
  init(_ text: String) throws(Failure) {
    self.text = text
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    isFashionMNIST = parts[0] == Self.word
    if !isFashionMNIST, nearestName(to: String(parts[0]), among: [Self.word]) != nil,
      FileIdentity(text) == nil
    {
      throw Failure(
        Failure.missingInput, "\(text): no such file; did you mean '\(Self.word)'?".visible,
        about: .file(text))
    }
    guard isFashionMNIST, parts.count == 2 else {
      range = nil
      return
    }
    guard let range = DataPlace.range(parts[1]) else {
      throw Failure(
        Failure.usage,
        "'\(text)' names no images; write \(Self.word):FROM-TO, as in \(Self.word):0-5000 for the "
          + "first 5000", about: .dataSet(text))
    }
    self.range = range
  }

  /// The file's path; nil for Fashion-MNIST.
  var path: String? { isFashionMNIST ? nil : DataPlace(text).path }

  /// Returns the shape and the number of classes of the images without reading them.
  func extents(
    _ format: DataFormat, as option: String, sandbox: Sandbox
  ) throws -> (imageShape: [Int], layout: ImageLayout, classCount: Int) {
    guard !isFashionMNIST else {
      return (FashionMNIST.imageShape, .nhwc, FashionMNIST.classCount)
    }
    let extents = try DataSet.extents(
      of: DataPlace(text).path, layout: format.layout, keys: format.keys(of: option),
      part: format.part(of: option), naming: format.labels ?? .sorted,
      fitting: format.fitting, sandbox: sandbox)
    return (extents.imageShape, extents.layout, extents.classCount)
  }

  /// Opens the images.
  ///
  /// - Parameters:
  ///   - part: The part of Fashion-MNIST to use.
  ///   - format: How to read a file.
  ///   - option: The option that names the images, without dashes.
  ///   - imageShape: The required shape of a file's images.
  ///   - classCount: The number of classes.
  ///   - consumer: The owner of shape and classes in messages: "attack" or "trigger".
  func load(
    _ part: FashionMNIST.Part, _ format: DataFormat, as option: String, imageShape: [Int],
    classCount: Int, consumer: String, sandbox: Sandbox
  ) throws -> DataSet {
    guard isFashionMNIST else {
      return try format.load(
        text, as: option, imageShape: imageShape, classCount: classCount, consumer: consumer,
        sandbox: sandbox)
    }
    if let range, range.upperBound > part.count {
      throw Failure(
        Failure.usage,
        "'\(text)': the \(part == .train ? "training" : "test") part has \(part.count) images",
        about: .dataSet(text))
    }
    return try FashionMNIST().load(part, range: range)
  }
}
