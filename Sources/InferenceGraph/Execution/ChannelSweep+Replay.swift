internal import Synchronization

extension ChannelSweep.Recording {
  /// The unpruned model's prediction for each image.
  public var predictions: [Prediction] { labels.map { Prediction(label: $0) } }

  /// Returns the predictions after masking the first k channels of `order`, for k from 0 to
  /// `order.count`: `result[k][image]`.
  ///
  /// - Parameters:
  ///   - order: Distinct channels in the order of masking.
  ///   - progress: Receives the number of images for which all steps are done.
  /// - Throws: The errors of `source`, if its images must be read again.
  public func predictions(
    masking order: [Int], progress: ProgressHandler? = nil
  ) throws -> [[Prediction]] {
    try labels(masking: order, progress: progress).map { $0.map { Prediction(label: $0) } }
  }

  /// Returns the predictions as labels: classes, or ``noClass``.
  package func labels(
    masking order: [Int], progress: ProgressHandler? = nil
  ) throws -> [[Int32]] {
    precondition(
      Set(order).count == order.count && order.allSatisfy { (0..<sweep.channelCount).contains($0) },
      "\(order) are not different channels of \(sweep.channelCount)")
    // The layer alone cannot cause a constant that is not finite: other inputs do, and the constant
    // may differ from image to image.
    guard sweep.options.sharing, sweep.constants.allSatisfy(\.isFinite) else {
      return try labelsOneByOne(order, progress)
    }
    let groupSize = sweep.prefix.blocks * laneCount
    let chunk = ReplayState.groups * groupSize
    let result = Mutex([[Int32]](repeating: labels, count: order.count + 1))
    let loader = Loader(source)
    let counter = ProgressCounter(progress)
    try runInParallel(
      pieces: (source.count + chunk - 1) / chunk, options: sweep.options,
      memory: sweep.prefix.bytes + sweep.suffix.bytes + sweep.update.bytes,
      prepare: { ReplayState(sweep) }
    ) { state, piece in
      let range = piece * chunk..<min(source.count, (piece + 1) * chunk)
      try state.load(self, range, loader)
      var current = Array(labels[range])
      for (step, channel) in order.enumerated() {
        state.mask(channel, order[...step], &current)
        let now = current
        result.withLock { $0[step + 1].replaceSubrange(range, with: now) }
      }
      counter.add(range.count)
    }
    return result.withLock { $0 }
  }

  /// Runs every masked model in full.
  private func labelsOneByOne(
    _ order: [Int], _ progress: ProgressHandler?
  ) throws -> [[Int32]] {
    try (0...order.count).map { count in
      var masked = sweep.model
      masked.graph = try sweep.model.graph.masking(
        Array(order[..<count]), of: sweep.layer, zeroingBias: sweep.zeroingBias)
      let executor = try Executor([masked], options: sweep.options, on: sweep.backend)
      defer { progress?(source.count * (count + 1) / (order.count + 1)) }
      return try executor.labels(for: source)[0]
    }
  }
}
