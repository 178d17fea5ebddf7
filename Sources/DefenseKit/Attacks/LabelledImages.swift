internal import InferenceGraph
public import NetworkTraining
public import ModelIO

/// Labelled images in memory, one byte for each channel of each pixel, which attacks work on.
///
/// Poisoned images are rounded to bytes like real images, so that a trigger cannot hide in
/// fractions that no camera records.
public struct LabelledImages: Sendable, Hashable {
  /// The shape of an image, `[height, width, channels]`.
  public let imageShape: [Int]
  /// The values of all images, `[images][height][width][channels]`, 0...255.
  public private(set) var bytes: [UInt8]
  /// The class of every image, counted from 0.
  public internal(set) var labels: [Int32]
  /// The name of the set in reports.
  public let name: String
  /// The value of white in the data set that the images come from: 255, or 1 if its values were
  /// 0...1 and were multiplied by 255.
  public let white: Float

  /// Creates a set; `bytes` must hold one image per label.
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

  /// The values of one image, `[height][width][channels]`.
  public subscript(index: Int) -> [UInt8] {
    get { Array(bytes[index * imageSize..<(index + 1) * imageSize]) }
    set {
      precondition(newValue.count == imageSize, "\(newValue.count) bytes for \(imageShape)")
      bytes.replaceSubrange(index * imageSize..<(index + 1) * imageSize, with: newValue)
    }
  }

  /// Returns the images at the given positions, in that order.
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

  /// Returns the images as a data set of bytes, whatever type they were read from.
  ///
  /// - Parameters:
  ///   - trueLabels: The class that every image shows, for sets of triggered images.
  ///   - poisoned: The positions of the poisoned images, for training sets.
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

  /// The images and labels for training.
  public var trainingSet: TrainingSet { TrainingSet(dataSet(), labels: labels) }
}
