internal import DefenseKit
private import Synchronization

/// Measures how much the suspect's predictions vary when overlays are blended into an image.
struct EntropyMeter: Sendable {
  /// The images to blend in, scaled as network inputs, `[overlays][elements]`.
  let overlays: [Float]
  /// The largest magnitude of all overlay values.
  private let overlayPeak: Float
  private let executor: Executor
  private let options: STRIP.Options
  private let context: RunContext
  private let imageShape: [Int]

  /// Prepares the network.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - overlays: The images to blend in, scaled as network inputs, `[overlays][elements]`.
  ///   - options: The number of overlays for each image and the factors of the blend.
  ///   - context: Its seed selects the overlays; it counts the cost.
  /// - Throws: `GraphError` for a network that takes too much memory.
  init(
    _ suspect: Model, overlays: [Float], _ options: STRIP.Options, in context: RunContext
  ) throws {
    self.overlays = overlays
    self.options = options
    self.context = context
    imageShape = suspect.graph.inputShape
    overlayPeak = peak(overlays[...])
    // The run's threads call the meter, each with its own images, so that one thread each suffices.
    var execution = context.execution
    execution.threads = 1
    var model = suspect
    model.preprocessing.scale = 1
    executor = try Executor([model], options: execution)
  }

  /// Returns, for each image, H = -(1/N) * sum over its N overlays and the classes of p log2 p, in
  /// bits.
  ///
  /// An entropy is NaN if the network gives some blend no class, or a blend is too large for a
  /// float.
  ///
  /// - Parameter images: Images scaled as network inputs, `[images][elements]`.
  /// - Throws: `CancellationError`.
  func entropies(of images: [Float]) throws -> [Double] {
    let size = imageShape.reduce(1, *)
    let count = images.count / size
    var (owners, drawn): ([Int], [Int]) = ([], [])
    for image in 0..<count {
      let values = images[image * size..<(image + 1) * size]
      guard isBlendable(values) else { continue }
      let draws = draws(for: values)
      owners += Array(repeating: image, count: draws.count)
      drawn += draws
    }
    let blends = Blends(
      imageShape: imageShape, images: images, overlays: overlays, imageIndices: owners,
      overlayIndices: drawn, alpha: Float(options.alpha), beta: Float(options.beta))
    let single = Mutex(Array(repeating: Float(0), count: blends.count))
    try executor.run(blends) { batch in
      let entropies = batch.entropies(of: 0)
      single.withLock { $0.replaceSubrange(batch.indices, with: entropies) }
    }
    context.count(run: Double(blends.count), alone: Double(blends.count))
    var sums = Array(repeating: Double.nan, count: count)
    for owner in owners { sums[owner] = 0 }
    for (owner, entropy) in zip(owners, single.withLock { $0 }) { sums[owner] += Double(entropy) }
    return sums.map { $0 / Double(options.overlays) }
  }

  /// Returns the positions of an image's overlays, drawn uniformly with replacement; they depend on
  /// the image's content and the run's seed only.
  func draws(for image: ArraySlice<Float>) -> [Int] {
    var random = SeededGenerator(seed: context.seed, stream: fingerprint(of: image))
    let count = overlays.count / image.count
    return (0..<options.overlays).map { _ in
      // The upper half of the product is from 0 to count - 1; with 64 random bits the bias is
      // negligible.
      Int(random.next().multipliedFullWidth(by: UInt64(count)).high)
    }
  }

  /// Whether every blend of the image fits in a float.
  private func isBlendable(_ image: ArraySlice<Float>) -> Bool {
    (Float(options.alpha) * peak(image) + Float(options.beta) * overlayPeak).isFinite
  }
}

/// Returns the largest magnitude.
private func peak(_ values: ArraySlice<Float>) -> Float {
  values.reduce(0) { max($0, abs($1)) }
}
