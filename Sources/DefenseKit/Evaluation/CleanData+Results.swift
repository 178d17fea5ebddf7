public import InferenceGraph

extension CleanData {
  /// Runs a model on some of the images, as a phase of the run, and returns the concatenated
  /// results of `body`, in the order of `positions`.
  ///
  /// - Parameters:
  ///   - positions: The positions of the images to run.
  ///   - model: The model.
  ///   - nodes: Inner nodes whose values `body` reads as observations, by name.
  ///   - title: The name of the phase, one to three words.
  ///   - context: Execution options; receives progress and costs.
  ///   - body: Receives each group of images, on several threads; returns its results in the order
  ///     of the images.
  /// - Throws: `SampleError` with an image's position in the clean data; `GraphError` for an unknown
  ///   node; the errors of `body`.
  public func results<Result: Sendable>(
    at positions: [Int], of model: Model, observing nodes: [String] = [], _ title: String,
    in context: RunContext, _ body: @Sendable (Executor.Batch) throws -> [Result]
  ) throws -> [Result] {
    let executor = try Executor(
      [model], observing: nodes.map { (0, $0) }, options: context.execution)
    do {
      let results = try context.phase(title, images: positions.count) { progress in
        try executor.results(of: Subset(of: source, positions), progress: progress, body)
      }
      context.count(run: Double(positions.count), alone: Double(positions.count))
      return results
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
  }
}
