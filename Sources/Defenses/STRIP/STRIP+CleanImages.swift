internal import DefenseKit
private import Synchronization

extension STRIP {
  /// Returns the positions of the clean images to measure, ascending, and of the overlays, in an
  /// order that depends on their contents and the seed; the two are disjoint.
  ///
  /// - Throws: `DataError` for fewer than two images; `PluginError` with code `tooFewGroups` for
  ///   images of one group; the errors of reading them.
  func split(
    _ clean: CleanData, of suspect: Model, seed: UInt64
  ) throws -> (measured: [Int], overlays: [Int]) {
    guard clean.count >= 2 else {
      throw DataError(
        "holds 1 image, but strip needs 2, one to blend with the other",
        about: .dataSet(clean.name), remedies: [.advice("give more")])
    }
    let order = try clean.contentOrder()
    var random = SeededGenerator(seed: seed)
    let (measured, others) = try clean.split(
      random.permutation(clean.count), holdingOut: min(clean.count / 2, Self.maximumImages),
      for: Self.name)
    let size = suspect.graph.inputShape.reduce(1, *)
    let overlays = min(Self.maximumImages, max(1, Self.maximumFloats / size))
    return (
      measured.prefix(Self.maximumImages).map { order[$0] }.sorted(),
      // In content order: an overlay has the same number wherever it stands in the set.
      others.prefix(overlays).map { order[$0] }
    )
  }

  /// Runs the suspect on some clean images and returns the concatenated results of `body`, in
  /// order.
  ///
  /// - Parameters:
  ///   - body: Receives images scaled as network inputs, `[images][elements]`, on several threads;
  ///     returns the same number of values for each image.
  /// - Throws: `SampleError` with an image's position in the clean data; the errors of `body`.
  func measure<Number: Sendable>(
    at positions: [Int], of clean: CleanData, _ suspect: Model, _ title: String,
    in context: RunContext, _ body: @Sendable ([Float]) throws -> [Number]
  ) throws -> [Number] {
    let selection = Subset(of: clean.source, positions)
    let executor = try Executor([suspect], options: context.execution)
    let groups = Mutex<[Int: [Number]]>([:])
    do {
      try context.phase(title, images: positions.count) { progress in
        try executor.run(selection, progress: progress) { batch in
          let numbers = try body(batch.images())
          groups.withLock { $0[batch.indices.lowerBound] = numbers }
        }
      }
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
    context.count(run: Double(positions.count), alone: Double(positions.count))
    return groups.withLock { $0 }.sorted { $0.key < $1.key }.flatMap(\.value)
  }
}
