public import InferenceGraph
public import NetworkTraining
public import ModelIO

/// Labelled pictures in memory, a byte for each channel of each pixel: what attacks work on.
///
/// Poisoned images are rounded to bytes like real pictures, so that a trigger cannot hide in
/// fractions that no camera gives.
public struct LabelledImages: Sendable, Hashable {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// All images, `[images][height][width][channels]`, 0...255.
  public private(set) var bytes: [UInt8]
  /// The class of every image.
  public internal(set) var labels: [Int32]
  /// What reports call the set.
  public let name: String
  /// What white is in the data set that they were read from: 255, or 1 for floats from 0 to 1, which
  /// were multiplied by 255.
  public let white: Float

  /// Creates a set; `bytes` must hold an image for each label.
  public init(imageShape: [Int], bytes: [UInt8], labels: [Int32], name: String, white: Float = 255)
  {
    precondition(imageShape.count == 3, "the shape \(imageShape) isn't [height, width, channels]")
    precondition(
      bytes.count == imageShape.reduce(labels.count, *), "\(bytes.count) bytes for \(labels.count)")
    self.imageShape = imageShape
    self.bytes = bytes
    self.labels = labels
    self.name = name
    self.white = white
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The number of bytes of an image.
  public var imageSize: Int { imageShape.reduce(1, *) }

  /// An image, `[height][width][channels]`.
  public subscript(index: Int) -> [UInt8] {
    get { Array(bytes[index * imageSize..<(index + 1) * imageSize]) }
    set {
      precondition(newValue.count == imageSize, "\(newValue.count) bytes for \(imageShape)")
      bytes.replaceSubrange(index * imageSize..<(index + 1) * imageSize, with: newValue)
    }
  }

  /// Returns some of the images, in the order given.
  public func selecting(_ indices: [Int], name: String? = nil) -> LabelledImages {
    var selected: [UInt8] = []
    selected.reserveCapacity(indices.count * imageSize)
    for index in indices {
      selected.append(contentsOf: bytes[index * imageSize..<(index + 1) * imageSize])
    }
    return LabelledImages(
      imageShape: imageShape, bytes: selected, labels: indices.map { labels[$0] },
      name: name ?? self.name, white: white)
  }

  /// The images as a data set of bytes, whatever they were read from.
  ///
  /// - Parameters:
  ///   - trueLabels: A second class for every image, for poisoned sets.
  ///   - poisoned: The images that carry a trigger, for training sets.
  public func dataSet(trueLabels: [Int32]? = nil, poisoned: [Int]? = nil) -> DataSet {
    DataSet(
      bytes: bytes, elementType: .uint8, imageShape: imageShape, labels: labels,
      trueLabels: trueLabels,
      isPoisoned: poisoned.map { list in
        var flags = Array(repeating: false, count: count)
        for index in list { flags[index] = true }
        return flags
      }, name: name)
  }

  /// The images as what a training learns.
  public var trainingSet: TrainingSet { TrainingSet(dataSet(), labels: labels) }
}
