internal import DefenseKit

/// Finds the severities at which corruptions change an image's class.
struct SeverityMeter: Sendable {
  /// The severity that stands for a class that no severity changes.
  static let unchanged = Corruption.severities.upperBound + 1

  private let executor: Executor
  private let corruptions: [Corruption]
  private let range: ClosedRange<Float>
  private let imageShape: [Int]
  private let context: RunContext

  /// Prepares the network.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - corruptions: The corruptions to apply.
  ///   - range: The range of the values of images that are scaled as network inputs.
  ///   - context: Its seed determines random numbers; it counts the cost.
  /// - Throws: `GraphError` for a network that takes too much memory.
  init(
    _ suspect: Model, _ corruptions: [Corruption], range: ClosedRange<Float>,
    in context: RunContext
  ) throws {
    self.corruptions = corruptions
    self.range = range
    self.context = context
    imageShape = suspect.graph.inputShape
    // The run's threads call the meter, each with its own images, so that one thread each suffices.
    var execution = context.execution
    execution.threads = 1
    var model = suspect
    model.preprocessing.scale = 1
    executor = try Executor([model], options: execution)
  }

  /// Returns each image's score; NaN for an undefined image.
  ///
  /// - Parameters:
  ///   - images: Images scaled as network inputs, `[images][elements]`.
  ///   - predictions: The suspect's prediction for each.
  /// - Throws: `CancellationError`.
  func scores(of images: [Float], _ predictions: [Prediction]) throws -> [Float] {
    zip(predictions, try severities(of: images, predictions)).map { prediction, severities in
      prediction == .undefined ? .nan : TeCo.score(severities)
    }
  }

  /// Returns, for each image and corruption, the least severity at which the class is another one,
  /// or ``unchanged``.
  ///
  /// Parameters and errors are those of ``scores(of:_:)``.
  func severities(of images: [Float], _ predictions: [Prediction]) throws -> [[Int]] {
    let size = imageShape.reduce(1, *)
    let seeds = predictions.indices.map { fingerprint(of: images[$0 * size..<($0 + 1) * size]) }
    var severities = predictions.map { _ in corruptions.map { _ in Self.unchanged } }
    var open = predictions.indices.filter { predictions[$0] != .undefined }.flatMap { image in
      corruptions.indices.map { (image: image, corruption: $0) }
    }
    for severity in Corruption.severities where !open.isEmpty {
      let corrupted = CorruptedImages(
        imageShape: imageShape, images: images, range: range, severity: severity,
        seed: context.seed,
        tasks: open.map { ($0.image, seeds[$0.image], corruptions[$0.corruption]) })
      let found = try executor.results(of: corrupted) { $0.predictions(of: 0) }
      context.count(run: Double(open.count), alone: Double(open.count))
      var remaining: [(image: Int, corruption: Int)] = []
      for (task, prediction) in zip(open, found) {
        if prediction == predictions[task.image] {
          remaining.append(task)
        } else {
          severities[task.image][task.corruption] = severity
        }
      }
      open = remaining
    }
    return severities
  }
}

/// Corrupted images, computed as they are read and not stored.
struct CorruptedImages: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  let imageShape: [Int]
  /// The original images, `[images][height][width][channels]`.
  let images: [Float]
  /// The range of their values.
  let range: ClosedRange<Float>
  /// The severity, 1 to 5.
  let severity: Int
  /// The run's seed.
  let seed: UInt64
  /// For each corrupted image: the index into `images`, that image's fingerprint, the corruption.
  let tasks: [(image: Int, fingerprint: UInt64, corruption: Corruption)]

  var count: Int { tasks.count }
  /// The layout of a corrupted image: channels last.
  var layout: ImageLayout { .nhwc }
  /// The element type: always float32.
  var elementType: ElementType { .float32 }

  func read(_ tasks: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let size = imageShape.reduce(1, *)
    // The caller's buffer is aligned for floats and as large as the images of the range.
    let values = unsafe buffer.bindMemory(to: Float.self)
    for (place, task) in tasks.enumerated() {
      let corrupted = corrupted(self.tasks[task], size)
      for element in 0..<size { unsafe values[place * size + element] = corrupted[element] }
    }
  }

  private func corrupted(
    _ task: (image: Int, fingerprint: UInt64, corruption: Corruption), _ size: Int
  ) -> [Float] {
    let (low, extent) = (range.lowerBound, range.upperBound - range.lowerBound)
    let original = images[task.image * size..<(task.image + 1) * size]
    let picture = Picture(
      height: imageShape[0], width: imageShape[1], channels: imageShape[2],
      values: original.map { ($0 - low) / extent })
    let result = task.corruption.applied(
      to: picture, severity: severity, seed: seed, stream: task.fingerprint)
    return result.values.map { low + $0 * extent }
  }
}
