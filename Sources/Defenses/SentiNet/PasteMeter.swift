internal import DefenseKit

/// What an image's region does to clean images.
struct PastePoint: Sendable, Equatable {
  /// The share of the clean images that get the image's class with its region on them.
  var fooled: Double
  /// The mean largest softmax score of the clean images with noise in the region.
  var confidence: Double
}

/// Pastes regions of images on clean images and runs the suspect on them.
struct PasteMeter: Sendable {
  private let executor: Executor
  /// The clean images, scaled as network inputs, `[carriers][elements]`.
  private let carriers: [Float]
  private let range: ClosedRange<Float>
  private let imageShape: [Int]
  private let context: RunContext

  /// Prepares the network.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - carriers: The clean images to paste on, scaled as network inputs, `[carriers][elements]`.
  ///   - range: The range of the noise.
  ///   - context: Its seed determines the noise; it counts the cost.
  /// - Throws: `GraphError` for a network that takes too much memory.
  init(
    _ suspect: Model, carriers: [Float], range: ClosedRange<Float>, in context: RunContext
  ) throws {
    self.carriers = carriers
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

  /// Returns each image's point; nil for an image without a region.
  ///
  /// A clean image that the region or the noise makes undefined is not fooled, and has a confidence
  /// of 0.
  ///
  /// - Parameters:
  ///   - images: Images scaled as network inputs, `[images][elements]`.
  ///   - regions: The pixels of each image's region.
  ///   - predictions: The suspect's prediction for each.
  /// - Throws: `CancellationError`.
  func points(
    of images: [Float], _ regions: [[Int]], _ predictions: [Prediction]
  ) throws -> [PastePoint?] {
    let size = imageShape.reduce(1, *)
    let owners = regions.indices.filter { !regions[$0].isEmpty }
    let count = carriers.count / size
    let patches = owners.map { image in
      let values = Array(images[image * size..<(image + 1) * size])
      return (region: regions[image], image: values, noise: noise(for: values))
    }
    let pasted = PastedImages(imageShape: imageShape, carriers: carriers, patches: patches)
    let classes = executor.models[0].classCount
    let answers = try executor.results(of: pasted) { batch in
      let scores = batch.scores(of: 0)
      return batch.predictions(of: 0).enumerated().map { image, prediction in
        let most = scores[image * classes..<(image + 1) * classes].max() ?? 0
        return (prediction, most.isFinite ? Double(most) : 0)
      }
    }
    context.count(run: Double(pasted.count), alone: Double(pasted.count))
    var points: [PastePoint?] = Array(repeating: nil, count: regions.count)
    for (place, owner) in owners.enumerated() {
      let own = answers[place * 2 * count..<(place + 1) * 2 * count]
      points[owner] = PastePoint(
        fooled: Double(own.prefix(count).count { $0.0 == predictions[owner] }) / Double(count),
        confidence: own.suffix(count).reduce(0) { $0 + $1.1 } / Double(count))
    }
    return points
  }

  /// Returns uniform noise for an image, which depends on its content and the run's seed.
  private func noise(for image: [Float]) -> [Float] {
    var random = SeededGenerator(seed: context.seed, stream: fingerprint(of: image))
    let extent = range.upperBound - range.lowerBound
    return image.map { _ in range.lowerBound + extent * Float(random.unit()) }
  }
}

/// Clean images with regions of others pasted on them, computed as they are read and not stored.
///
/// For each patch, all clean images with its image's values, then all with its noise.
struct PastedImages: SampleSource {
  /// The shape of an image, `[height, width, channels]`.
  let imageShape: [Int]
  /// The clean images, `[carriers][height][width][channels]`.
  let carriers: [Float]
  /// The pixels of each region, and the image and the noise to paste, `[height][width][channels]`.
  let patches: [(region: [Int], image: [Float], noise: [Float])]

  private var size: Int { imageShape.reduce(1, *) }
  var count: Int { patches.count * 2 * (carriers.count / size) }
  /// The layout of an image: channels last.
  var layout: ImageLayout { .nhwc }
  /// The element type: always float32.
  var elementType: ElementType { .float32 }

  func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
    let (size, channels) = (size, imageShape[2])
    let carrierCount = carriers.count / size
    // The caller's buffer is aligned for floats and as large as the images of the range.
    let values = unsafe buffer.bindMemory(to: Float.self)
    for (place, number) in range.enumerated() {
      let patch = patches[number / (2 * carrierCount)]
      let carrier = number % carrierCount * size
      let content = number / carrierCount % 2 == 0 ? patch.image : patch.noise
      for element in 0..<size {
        unsafe values[place * size + element] = carriers[carrier + element]
      }
      for pixel in patch.region {
        for element in pixel * channels..<(pixel + 1) * channels {
          unsafe values[place * size + element] = content[element]
        }
      }
    }
  }
}
