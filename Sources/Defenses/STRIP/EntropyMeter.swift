internal import DefenseKit
private import Synchronization

/// Measures how much the suspect's predictions vary as overlays are blended into an image.
struct EntropyMeter: Sendable {
  /// The images that are blended in, as the network takes them, `[overlays][elements]`.
  let overlays: [Float]
  /// The largest magnitude among them.
  private let overlayPeak: Float
  private let executor: Executor
  private let options: STRIP.Options
  private let context: RunContext
  private let imageShape: [Int]

  /// Prepares the network.
  ///
  /// - Parameters:
  ///   - suspect: The model.
  ///   - overlays: The images to blend in, as the network takes them, `[overlays][elements]`.
  ///   - options: How many are blended with an image, and how.
  ///   - context: Its seed decides the overlays; it is told the cost.
  /// - Throws: `GraphError` for a network that takes too much memory.
  init(
    _ suspect: Model, overlays: [Float], _ options: STRIP.Options, in context: RunContext
  ) throws {
    self.overlays = overlays
    self.options = options
    self.context = context
    imageShape = suspect.graph.inputShape
    overlayPeak = peak(overlays[...])
    // The threads of the run call it, each for its own images: one thread for each of them.
    var execution = context.execution
    execution.threads = 1
    var model = suspect
    model.inputScale = 1
    executor = try Executor([model], options: execution)
  }

  /// Returns, for each image, H = -(1/N) * sum over its N overlays and the classes of p log2 p, in bits.
  ///
  /// It is NaN where the network gives some blend no class, or a blend is too large for a float.
  ///
  /// - Parameter images: Images as the network takes them, `[images][elements]`.
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

  /// Returns the positions of an image's overlays: each is any of them with equal chance, by the image's
  /// content and the run's seed alone.
  func draws(for image: ArraySlice<Float>) -> [Int] {
    var random = SeededGenerator(seed: context.seed, stream: fingerprint(of: image))
    let count = overlays.count / image.count
    return (0..<options.overlays).map { _ in
      // The product's upper half is from 0 to count - 1; 64 random bits leave no bias to measure.
      Int(random.next().multipliedFullWidth(by: UInt64(count)).high)
    }
  }

  /// Whether no blend of the image can be too large for a float.
  private func isBlendable(_ image: ArraySlice<Float>) -> Bool {
    (Float(options.alpha) * peak(image) + Float(options.beta) * overlayPeak).isFinite
  }
}

/// The largest magnitude.
private func peak(_ values: ArraySlice<Float>) -> Float {
  values.reduce(0) { max($0, abs($1)) }
}
