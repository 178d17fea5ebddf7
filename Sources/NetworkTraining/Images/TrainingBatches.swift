internal import InferenceGraph
internal import CKernels

/// The batches of a training: images in random order with random changes.
///
/// `Model.trained(on:...)` uses the same
/// batches for the same seed. The batches keep the images in memory.
///
/// ```swift
/// let batches = try TrainingBatches(
///   data, batchSize: 128, augmentation: Augmentation(shift: 2), seed: 7)
/// for batch in batches.epoch(0) {
///   try backpropagation.differentiate(.crossEntropy(batch.labels), at: batch)
/// }
/// ```
public struct TrainingBatches: Sendable {
  /// The images and their labels.
  public let data: TrainingSet
  /// The number of batches in an epoch. The images are divided evenly among them.
  public let stepsPerEpoch: Int
  /// The most images in a batch.
  public let largestBatch: Int
  let images: TrainingImages
  private let seed: UInt64

  /// Reads the images unless the source has them in memory.
  ///
  /// - Parameters:
  ///   - data: The images; at least one.
  ///   - batchSize: The most images in a batch.
  ///   - augmentation: Random changes of the images, drawn again in every epoch.
  ///   - seed: Determines order, changes and dropout.
  /// - Throws: `MemoryError` if there is too little memory; the errors of the source.
  public init(
    _ data: TrainingSet, batchSize: Int, augmentation: Augmentation = Augmentation(), seed: UInt64
  ) throws {
    let count = data.labels.count
    precondition(batchSize > 0 && count > 0, "batches of \(batchSize) of \(count) images")
    self.data = data
    self.seed = seed
    stepsPerEpoch = (count - 1) / batchSize + 1
    largestBatch = (count - 1) / stepsPerEpoch + 1
    images = try TrainingImages(
      data.source, batchSize: largestBatch, augmentation: augmentation, seed: seed)
  }

  /// Returns the batches of an epoch, which contain every image once.
  ///
  /// - Parameter number: The epoch, counted from 0.
  public func epoch(_ number: Int) -> [TrainingBatch] {
    let count = data.labels.count
    var random = KeyedGenerator(seed: seed, .order, epoch: number)
    let order = random.permutation(count)
    return (0..<stepsPerEpoch).map { step in
      var noise = KeyedGenerator(seed: seed, .noise, epoch: number, index: step)
      return TrainingBatch(
        indices: Array(order[step * count / stepsPerEpoch..<(step + 1) * count / stepsPerEpoch]),
        data: data, images: images, epoch: number, noiseSeed: noise.next())
    }
  }
}

/// A batch of a ``TrainingBatches``.
public struct TrainingBatch: Sendable {
  /// The positions of the images in the data.
  public let indices: [Int]
  let data: TrainingSet
  let images: TrainingImages
  let epoch: Int
  /// The seed of dropout in this batch.
  let noiseSeed: UInt64

  /// The number of images.
  public var count: Int { indices.count }

  /// The label of each image.
  public var labels: [Int32] { indices.map { data.labels[$0] } }

  /// The target distributions of the images, `[images][classes]`; nil if the data has none.
  public var targets: [Float]? {
    guard let targets = data.targets else { return nil }
    let classes = targets.count / data.labels.count
    return indices.flatMap { targets[$0 * classes..<($0 + 1) * classes] }
  }

  /// Returns the augmented images, `[images][height][width][channels]`, in the data's units.
  ///
  /// - Throws: `SampleError` for an image with a value that is not finite.
  public func values() throws -> [Float] {
    let (height, width, channels) = BufferView.extents(of: data.source.imageShape)
    let size = height * width * channels
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, border: Border())
    let lanes = Storage<Float>(count: size * laneCount)
    var result = [Float](repeating: 0, count: count * size)
    for block in 0..<blockCount(count) {
      let first = block * laneCount
      unsafe try fill(block: block, scale: 1, into: lanes.pointer, image)
      unsafe result.withUnsafeMutableBufferPointer {
        unsafe kernels.unpack(
          lanes.pointer, image, Int32(min(laneCount, count - first)),
          $0.baseAddress! + first * size)
      }
    }
    return result
  }

  /// Packs a block of the augmented images into lanes, scaled.
  func fill(
    block: Int, scale: Float, into pointer: UnsafeMutablePointer<Float>, _ image: dk_image
  ) throws(SampleError) {
    unsafe try images.fill(
      block: block, of: indices, 0..<count, epoch: epoch, scale: scale, into: pointer, image)
  }
}
