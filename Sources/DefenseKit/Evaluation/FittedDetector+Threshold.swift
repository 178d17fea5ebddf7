internal import InferenceGraph
private import Synchronization

extension FittedDetector {
  /// Returns the detector's answers for some clean images, in the order of `positions`.
  ///
  /// A detector uses it to fit itself: it makes itself without a threshold, reads the scores of
  /// clean images and sets the threshold from them.
  ///
  /// - Parameters:
  ///   - clean: The clean images.
  ///   - positions: Positions in `clean`.
  ///   - title: The name of the phase, one to three words.
  ///   - context: The execution options, and the receiver of progress and cost. The unit of cost is
  ///     a pass of the first of ``models``.
  /// - Throws: `SampleError` with an image's position in `clean`; `GraphError` for networks that
  ///   take too much memory; `CancellationError`.
  public func detections(
    for clean: CleanData, at positions: [Int], _ title: String = "clean images",
    in context: RunContext
  ) throws -> [Detection] {
    let executor = try Executor(models, observing: observations, options: context.execution)
    let results = Mutex([Detection](repeating: .noVerdict, count: positions.count))
    do {
      try context.phase(title, images: positions.count) { progress in
        try executor.run(Subset(of: clean.source, positions), progress: progress) { batch in
          let detections = try detections(
            for: DetectorBatch(batch: batch, models: Array(models.indices), firstObservation: 0))
          results.withLock { $0.replaceSubrange(batch.indices, with: detections) }
        }
      }
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
    let unit = Double(
      max(1, models[0].graph.executedMultiplyAdds(sharing: context.execution.sharing)))
    context.count(
      run: Double(positions.count) * Double(executor.costPerImage) / unit,
      alone: Double(positions.count) * Double(executor.separateCostPerImage) / unit)
    return results.withLock { $0 }
  }

  /// Returns a threshold for the detector's scores, set on some clean images.
  ///
  /// Warns about images with a score of NaN, and if the share is less than one image.
  ///
  /// - Parameters:
  ///   - clean: The clean images.
  ///   - positions: Positions in `clean`.
  ///   - alarms: The share of images that may be flagged, 0 to under 1.
  ///   - published: A threshold to use instead of the quantile: the smallest score that is flagged.
  ///   - plugin: The detector's name, for messages.
  ///   - context: As in ``detections(for:at:_:in:)``.
  /// - Throws: ``PluginError`` with code `unsuitableModel` if no image has a score; the errors of
  ///   ``detections(for:at:_:in:)``.
  public func threshold(
    on clean: CleanData, at positions: [Int], alarms: Double, published: Float? = nil,
    for plugin: String, in context: RunContext
  ) throws -> DetectionThreshold {
    let detections = try detections(for: clean, at: positions, in: context)
    return try DetectionThreshold(
      of: detections, of: clean, alarms: alarms, published: published, for: plugin, in: context)
  }
}

extension DetectionThreshold {
  /// Sets a threshold from a detector's answers for clean images.
  ///
  /// Parameters, warnings and errors are those of
  /// ``FittedDetector/threshold(on:at:alarms:published:for:in:)``.
  public init(
    of detections: [Detection], of clean: CleanData, alarms: Double, published: Float? = nil,
    for plugin: String, in context: RunContext
  ) throws(PluginError) {
    let scores = detections.filter { $0.prediction != .noVerdict }.map(\.score)
    let broken = scores.count { $0.isNaN }
    guard broken < scores.count else {
      throw scores.isEmpty
        ? PluginError(
          .unsuitableModel, "has no verdict on any image of \(clean.name)", about: .plugin(plugin),
          remedies: [.advice("give more clean images of each class")])
        : PluginError(
          .unsuitableModel,
          "cannot score any image of \(clean.name): values of the network are NaN or infinite",
          about: .plugin(plugin), remedies: [.check("preprocessing.scale")])
    }
    if broken > 0 {
      context.warn(
        "\(plugin): no score for \(broken) of \(scores.count) clean images: the model computed NaN "
          + "or infinite values; these images are flagged")
    }
    if let published {
      self.init(value: published.nextDown, images: scores.count, flagged: 0)
      flagged = scores.count { flags($0) }
      return
    }
    if alarms > 0, 1 / Double(scores.count) > alarms {
      context.warn(
        "\(plugin): a share of \(alarms.optionText) of \(scores.count) images is less than one image, "
          + "so the threshold is their largest score; more of other clean images may be flagged")
    }
    self.init(of: scores, alarms: alarms)
  }
}
