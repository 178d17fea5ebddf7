internal import CKernels
internal import Synchronization

extension ChannelSweep {
  /// The results of one pass over a set of images, and the values that the sweep reuses.
  public struct Recording: Sendable {
    /// The unpruned model's predictions as labels: classes, or ``noClass``.
    package let labels: [Int32]
    /// The mean of each channel at the frontier, over images and positions; empty without means.
    public let frontierMeans: [Double]
    /// The mean of each channel of the layer's own result, over images and positions; empty unless
    /// the sweep measures the layer and takes means.
    public let layerMeans: [Double]

    let sweep: ChannelSweep
    let source: any SampleSource
    /// The values of the cut set, by group; empty if they are too large to keep.
    let cutValues: [Storage<Float>]
    /// The images that are undefined however the layer is masked.
    let alwaysUndefined: Set<Int>
  }

  /// Runs all images once and records predictions, mean activations and the values at the frontier.
  ///
  /// The means do not depend on the images' order: sums over images are exact.
  ///
  /// - Parameters:
  ///   - source: Images of the model's input shape.
  ///   - memory: The most bytes of values to keep; beyond that, the sweep reads and runs the images
  ///     again.
  ///   - takingMeans: Whether to take means, for ranking channels. An image with values that are
  ///     not finite then stops the recording, because it alone would decide the ranking; without
  ///     means it is only undefined (see ``Prediction/undefined``).
  ///   - progress: Receives the number of images done.
  /// - Throws: ``SampleError`` for an image with NaN or infinite values; with means, also for the
  ///   first image with values that are not finite at the layer or before, naming layer and
  ///   channels; the errors of `source`.
  public func record(
    _ source: any SampleSource, memory: Int = 1 << 29, takingMeans: Bool = true,
    progress: ProgressHandler? = nil
  ) throws -> Recording {
    let measured = takingMeans ? self.measured : []
    let state = Mutex(
      Sums(
        labels: Array(repeating: 0, count: source.count),
        frontier: Array(repeating: ExactSum(), count: channelCount),
        layer: Array(repeating: ExactSum(), count: channelCount)))
    let keeps = source.count * cut.elementCount * 4 <= memory
    let groups = (source.count + prefix.blocks * laneCount - 1) / (prefix.blocks * laneCount)
    let cutValues = keeps ? (0..<groups).map { _ in Storage<Float>(count: groupElements) } : []
    let counter = ProgressCounter(progress)
    try runPrefix(source) { group, range, workspace in
      if keeps { copyCut(of: workspace, images: range.count, to: cutValues[group]) }
      let scores = prefix.graph.index[cut.scores]!
      var classes = [Int32](repeating: 0, count: prefix.blocks * laneCount)
      var sums = [
        [ExactSum](repeating: ExactSum(), count: channelCount),
        [ExactSum](repeating: ExactSum(), count: channelCount),
      ]
      var unranked = Unranked()
      var alwaysUndefined: Set<Int> = []
      let scratch = Storage<Double>(count: channelCount * laneCount)
      for block in 0..<blockCount(range.count) {
        let lanes = min(laneCount, range.count - block * laneCount)
        unsafe classes.withUnsafeMutableBufferPointer {
          unsafe workspace.classify(
            scores, block: block, checks: checks.all,
            into: $0.baseAddress! + block * laneCount)
        }
        let fixed = workspace.brokenLanes(checks.fixed, block: block)
        for lane in 0..<lanes where fixed & (1 << UInt32(lane)) != 0 {
          alwaysUndefined.insert(range.lowerBound + block * laneCount + lane)
        }
        let broken =
          takingMeans ? workspace.brokenLanes(checks.beforeFrontier, block: block) : 0
        for (number, node) in measured.enumerated() {
          let value = workspace.value(of: node, block: block)
          unsafe kernels.channel_sums(value.pointer, value.image, scratch.pointer)
          for channel in 0..<channelCount {
            for lane in 0..<lanes {
              let term = unsafe scratch.pointer[channel * laneCount + lane]
              if ExactSum.holds(term), broken & (1 << UInt32(lane)) == 0 {
                sums[number][channel].add(term)
              } else {
                unranked.add(channel, image: range.lowerBound + block * laneCount + lane)
              }
            }
          }
        }
      }
      let (ready, added, without, lost) = (classes, sums, unranked, alwaysUndefined)
      state.withLock {
        $0.labels.replaceSubrange(range, with: ready[..<range.count])
        for channel in 0..<channelCount {
          $0.frontier[channel] += added[0][channel]
          $0.layer[channel] += added[1][channel]
        }
        $0.unranked.merge(without)
        $0.alwaysUndefined.formUnion(lost)
      }
      counter.add(range.count)
    }
    let sums = state.withLock { $0 }
    if let first = sums.unranked.images.min() {
      throw SampleError(index: first, unrankedText(sums.unranked, images: source.count))
    }
    func means(_ sums: [ExactSum], _ node: Int) -> [Double] {
      let pixels = prefix.graph.nodes[node].shape.dropLast().reduce(1, *)
      let terms = Double(source.count * pixels)
      return sums.map { $0.value / terms }
    }
    return Recording(
      labels: sums.labels,
      frontierMeans: takingMeans ? means(sums.frontier, measured[0]) : [],
      layerMeans: takingMeans && measuresLayer ? means(sums.layer, measured[1]) : [],
      sweep: self, source: source, cutValues: cutValues, alwaysUndefined: sums.alwaysUndefined)
  }

  private func unrankedText(_ unranked: Unranked, images: Int) -> String {
    let first = unranked.channels.min() ?? 0
    return "layer '\(layer)' cannot be ranked: in \(unranked.channels.count) of its "
      + "\(channelCount) channels (first: \(first)) values are not finite or too large to average, "
      + "on \(unranked.images.count) of \(images) images (first: this one); rank an earlier layer "
      + "or leave these images out"
  }

  private struct Sums {
    var labels: [Int32]
    var frontier: [ExactSum]
    var layer: [ExactSum]
    var unranked = Unranked()
    var alwaysUndefined: Set<Int> = []
  }

  /// The channels and images whose values are not finite and have no mean.
  private struct Unranked {
    var channels: Set<Int> = []
    var images: Set<Int> = []

    mutating func add(_ channel: Int, image: Int) {
      channels.insert(channel)
      images.insert(image)
    }

    mutating func merge(_ other: Unranked) {
      channels.formUnion(other.channels)
      images.formUnion(other.images)
    }
  }

  /// The number of floats of a group's values in the cut set.
  var groupElements: Int { cut.elementCount * prefix.blocks * laneCount }

  /// Runs the prefix for all images, group by group.
  func runPrefix(
    _ source: any SampleSource,
    _ body: @Sendable (_ group: Int, _ images: Range<Int>, any GroupMemory) throws -> Void
  ) throws {
    let size = prefix.blocks * laneCount
    let loader = Loader(source)
    try runInParallel(
      pieces: (source.count + size - 1) / size, options: options,
      memory: prefix.bytes,
      prepare: { (prefix.makeMemory(), loader.makeBuffer(images: size)) }
    ) { state, group in
      let range = group * size..<min(source.count, (group + 1) * size)
      try runPrefix(loader, range, state.0, state.1)
      try body(group, range, state.0)
    }
  }

  func runPrefix(
    _ loader: Loader, _ range: Range<Int>, _ workspace: any GroupMemory, _ buffer: Storage<UInt8>
  ) throws {
    let image = prefix.graph.index[0]!
    try loader.withImages(range, buffer) { images in
      try workspace.run(blocks: blockCount(range.count)) { block in
        let input = workspace.value(of: image, block: block)
        unsafe try images.pack(
          block: block, scale: model.preprocessing.scale, into: input.pointer, input.image)
      }
    }
  }

  func copyCut(of workspace: any GroupMemory, images: Int, to storage: Storage<Float>) {
    for (position, node) in cut.nodes.enumerated() {
      let from = prefix.graph.index[node]!
      let to = cut.cutView(position, blocks: prefix.blocks)
      for block in 0..<blockCount(images) {
        let value = workspace.value(of: from, block: block)
        unsafe kernels.copy(
          value.pointer, value.image, storage.pointer + to.offset + block * to.blockStride,
          to.image)
      }
    }
  }
}
