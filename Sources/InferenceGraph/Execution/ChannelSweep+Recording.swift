internal import CKernels
internal import Synchronization

extension ChannelSweep {
  /// What one pass over a set of images showed, and what it kept for the sweep.
  public struct Recording: Sendable {
    /// The class the unpruned model predicts for each image.
    public let predictions: [Int32]
    /// By channel: the mean at the frontier, over images and positions.
    public let frontierMeans: [Double]
    /// By channel: the mean of the layer's own result, over images and positions; empty unless the
    /// sweep measures the layer.
    public let layerMeans: [Double]

    let sweep: ChannelSweep
    let source: any SampleSource
    /// The values of the cut, group by group; empty if they were too large to keep.
    let kept: [Storage<Float>]
  }

  /// Runs all images once: predictions and mean activations, and the values at the frontier.
  ///
  /// The means do not depend on the images' order: sums over images are exact.
  ///
  /// - Parameters:
  ///   - source: Images of the model's input shape.
  ///   - memory: How many bytes of values may be kept; beyond that, the sweep reads and runs the
  ///     images again.
  ///   - progress: Told how many images are done.
  /// - Throws: ``SampleError`` for an image with NaN or infinite values, or activations that are
  ///   not finite; what `source` throws.
  public func record(
    _ source: any SampleSource, memory: Int = 1 << 29, progress: ProgressHandler? = nil
  ) throws -> Recording {
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
      let scratch = Storage<Double>(count: channelCount * laneCount)
      for block in 0..<blockCount(range.count) {
        let lanes = min(laneCount, range.count - block * laneCount)
        unsafe classes.withUnsafeMutableBufferPointer {
          unsafe dk_argmax(
            workspace.pointer(logits, block: block), Int64(logits.elementCount),
            logits.image.channel_pitch, $0.baseAddress! + block * laneCount)
        }
        for (number, entry) in measured.enumerated() {
          let place = prefix.results[entry]!
          unsafe dk_channel_sums(
            workspace.pointer(place, block: block), place.image, scratch.pointer)
          for channel in 0..<channelCount {
            for lane in 0..<lanes {
              let term = unsafe scratch.pointer[channel * laneCount + lane]
              guard ExactSum.holds(term) else {
                throw SampleError(
                  index: range.lowerBound + block * laneCount + lane,
                  "layer '\(layer)' gives values that are not finite or too large to average")
              }
              sums[number][channel].add(term)
            }
          }
        }
      }
      let (ready, added) = (classes, sums)
      state.withLock {
        $0.predictions.replaceSubrange(range, with: ready[..<range.count])
        for channel in 0..<channelCount {
          $0.frontier[channel] += added[0][channel]
          $0.layer[channel] += added[1][channel]
        }
      }
      counter.add(range.count)
    }
    let sums = state.withLock { $0 }
    func means(_ sums: [ExactSum], _ entry: Int) -> [Double] {
      let terms = Double(source.count * prefix.results[entry]!.pixelCount)
      return sums.map { $0.value / terms }
    }
    return Recording(
      predictions: sums.predictions, frontierMeans: means(sums.frontier, cut[0]),
      layerMeans: measuresLayer ? means(sums.layer, entries.layer) : [], sweep: self,
      source: source, kept: kept)
  }

  private struct Sums {
    var predictions: [Int32]
    var frontier: [ExactSum]
    var layer: [ExactSum]
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
      pieces: (source.count + size - 1) / size, threads: options.threads,
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
        unsafe dk_copy(
          workspace.pointer(from, block: block), from.image,
          storage.pointer + to.offset + block * to.blockStride, to.image)
      }
    }
  }
}
