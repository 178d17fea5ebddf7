private import Synchronization

extension Executor {
  /// Runs all images and returns the concatenated results of `body`, in the images' order.
  ///
  /// - Parameters:
  ///   - source: Images of the models' input shape.
  ///   - progress: Receives the number of images done.
  ///   - body: Receives each group of images, on several threads; returns its results in the order
  ///     of the images.
  /// - Throws: The errors of ``run(_:progress:body:)``.
  public func results<Result: Sendable>(
    of source: any SampleSource, progress: ProgressHandler? = nil,
    _ body: @Sendable (Batch) throws -> [Result]
  ) throws -> [Result] {
    let groups = Mutex<[Int: [Result]]>([:])
    try run(source, progress: progress) { batch in
      let results = try body(batch)
      groups.withLock { $0[batch.indices.lowerBound] = results }
    }
    return groups.withLock { $0 }.sorted { $0.key < $1.key }.flatMap(\.value)
  }
}
