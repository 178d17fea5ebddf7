internal import CKernels
internal import Synchronization

extension ChannelSweep {
  /// What one pass over a set of images showed, and what it kept for the sweep.
  public struct Recording: Sendable {
    /// The class the unpruned model predicts for each image, or ``noClass``.
    public let predictions: [Int32]
    /// By channel: the mean at the frontier, over images and positions; empty if no means were taken.
    public let frontierMeans: [Double]
    /// By channel: the mean of the layer's own result, over images and positions; empty unless the
    /// sweep measures the layer and means were taken.
    public let layerMeans: [Double]

    let sweep: ChannelSweep
    let source: any SampleSource
    /// The values of the cut, group by group; empty if they were too large to keep.
    let kept: [Storage<Float>]
    /// Images that have no class whatever is masked.
    let hopeless: Set<Int>
  }

  /// Runs all images once: predictions and mean activations, and the values at the frontier.
  ///
  /// The means do not depend on the images' order: sums over images are exact.
  ///
  /// - Parameters:
  ///   - source: Images of the model's input shape.
  ///   - memory: How many bytes of values may be kept; beyond that, the sweep reads and runs the
  ///     images again.
  ///   - takingMeans: Whether means are taken, to rank channels by. A ranking that one image without
  ///     finite values decides would be worth nothing, so that such an image stops the recording;
  ///     without means it is only one without a class (see ``noClass``).
  ///   - progress: Told how many images are done.
  /// - Throws: ``SampleError`` for an image with NaN or infinite values; if means are taken, for the
  ///   first image with values at the layer or before that are not finite, naming layer and
  ///   channels; what `source` throws.
  public func record(
    _ source: any SampleSource, memory: Int = 1 << 29, takingMeans: Bool = true,
    progress: ProgressHandler? = nil
  ) throws -> Recording {
    let measured = takingMeans ? self.measured : []
    let state = Mutex(
      Sums(
        predictions: Array(repeating: 0, count: source.count),
        frontier: Array(repeating: ExactSum(), count: channelCount),
        layer: Array(repeating: ExactSum(), count: channelCount)))
    let keeps = source.count * cutElements * 4 <= memory
    let groups = (source.count + prefix.blocks * laneCount - 1) / (prefix.blocks * laneCount)
    let kept = keeps ? (0..<groups).map { _ in Storage<Float>(count: groupElements) } : []
    let counter = ProgressCounter(progress)
    try runPrefix(source) { group, range, workspace in
      if keeps { copyCut(of: workspace, images: range.count, to: kept[group]) }
      let logits = prefix.results[entries.logits]!
      var classes = [Int32](repeating: 0, count: prefix.blocks * laneCount)
      var sums = [
        [ExactSum](repeating: ExactSum(), count: channelCount),
        [ExactSum](repeating: ExactSum(), count: channelCount),
      ]
      var unranked = Unranked()
      var hopeless: Set<Int> = []
      let scratch = Storage<Double>(count: channelCount * laneCount)
      for block in 0..<blockCount(range.count) {
        let lanes = min(laneCount, range.count - block * laneCount)
        unsafe classes.withUnsafeMutableBufferPointer {
          unsafe workspace.classify(
            logits, block: block, checks: checks.all,
            into: $0.baseAddress! + block * laneCount)
        }
        let fixed = workspace.brokenLanes(checks.fixed, block: block)
        for lane in 0..<lanes where fixed & (1 << UInt32(lane)) != 0 {
          hopeless.insert(range.lowerBound + block * laneCount + lane)
        }
        let broken =
          takingMeans ? workspace.brokenLanes(checks.beforeFrontier, block: block) : 0
        for (number, entry) in measured.enumerated() {
          let place = prefix.results[entry]!
          unsafe kernels.channel_sums(
            workspace.pointer(place, block: block), place.image, scratch.pointer)
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
      let (ready, added, without, lost) = (classes, sums, unranked, hopeless)
      state.withLock {
        $0.predictions.replaceSubrange(range, with: ready[..<range.count])
        for channel in 0..<channelCount {
          $0.frontier[channel] += added[0][channel]
          $0.layer[channel] += added[1][channel]
        }
        $0.unranked.merge(without)
        $0.hopeless.formUnion(lost)
      }
      counter.add(range.count)
    }
    let sums = state.withLock { $0 }
    if let first = sums.unranked.images.min() {
      throw SampleError(index: first, unrankedText(sums.unranked, images: source.count))
    }
    func means(_ sums: [ExactSum], _ entry: Int) -> [Double] {
      let terms = Double(source.count * prefix.results[entry]!.pixelCount)
      return sums.map { $0.value / terms }
    }
    return Recording(
      predictions: sums.predictions,
      frontierMeans: takingMeans ? means(sums.frontier, cut[0]) : [],
      layerMeans: takingMeans && measuresLayer ? means(sums.layer, entries.layer) : [],
      sweep: self, source: source, kept: kept, hopeless: sums.hopeless)
  }

  private func unrankedText(_ unranked: Unranked, images: Int) -> String {
    let first = unranked.channels.min() ?? 0
    return "layer '\(layer)' cannot be ranked: in \(unranked.channels.count) of its "
      + "\(channelCount) channels (first: \(first)) values are not finite or too large to average, "
      + "on \(unranked.images.count) of \(images) images (first: this one); rank an earlier layer "
      + "or leave these images out"
  }

  private struct Sums {
    var predictions: [Int32]
    var frontier: [ExactSum]
    var layer: [ExactSum]
    var unranked = Unranked()
    var hopeless: Set<Int> = []
  }

  /// The channels and images whose values no mean can take.
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

  /// The entries whose means are taken.
  private var measured: [Int] { measuresLayer ? [cut[0], entries.layer] : [cut[0]] }

  /// Elements of an image's values in the cut.
  var cutElements: Int { cut.reduce(0) { $0 + prefix.results[$1]!.elementCount } }

  /// Floats that a group's values in the cut take.
  var groupElements: Int { cutElements * prefix.blocks * laneCount }

  /// A value of the cut among the kept ones, without a frame.
  func keptPlace(_ position: Int) -> Place {
    let before = cut[..<position].reduce(0) { $0 + prefix.results[$1]!.elementCount }
    let image = prefix.results[cut[position]]!.image
    let elements = prefix.results[cut[position]]!.elementCount
    return Place(
      buffer: 0, offset: before * prefix.blocks * laneCount, blockStride: elements * laneCount,
      image: dk_image(
        height: Int(image.height), width: Int(image.width), channels: Int(image.channels),
        pitch: laneCount, frame: Frame()))
  }

  /// Runs everything for all images, group by group.
  func runPrefix(
    _ source: any SampleSource,
    _ body: @Sendable (_ group: Int, _ images: Range<Int>, Workspace) throws -> Void
  ) throws {
    let size = prefix.blocks * laneCount
    let loader = Loader(source)
    try runInParallel(
      pieces: (source.count + size - 1) / size, options: options,
      memory: prefix.workspaceSize,
      prepare: { (prefix.makeWorkspace(), loader.makeBuffer(images: size)) }
    ) { state, group in
      let range = group * size..<min(source.count, (group + 1) * size)
      try runPrefix(loader, range, state.0, state.1)
      try body(group, range, state.0)
    }
  }

  func runPrefix(
    _ loader: Loader, _ range: Range<Int>, _ workspace: Workspace, _ buffer: Storage<UInt8>
  ) throws {
    let place = prefix.given[entries.input]!
    try loader.withImages(range, buffer) { images in
      try prefix.run(workspace, blocks: blockCount(range.count)) { block in
        unsafe try images.pack(
          block: block, scale: model.inputScale, into: workspace.pointer(place, block: block),
          place.image)
      }
    }
  }

  func copyCut(of workspace: Workspace, images: Int, to storage: Storage<Float>) {
    for (position, entry) in cut.enumerated() {
      let from = prefix.results[entry]!
      let to = keptPlace(position)
      for block in 0..<blockCount(images) {
        unsafe kernels.copy(
          workspace.pointer(from, block: block), from.image,
          storage.pointer + to.offset + block * to.blockStride, to.image)
      }
    }
  }
}
