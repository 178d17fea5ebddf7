internal import CKernels

/// The state of one thread that sweeps over some groups of images.
final class ReplayState {
  /// The number of groups swept together: enough for affected images to fill whole groups.
  static let groups = 8

  let sweep: ChannelSweep
  private let workspace: any GroupMemory
  private let full: any GroupMemory
  /// The frontier's values of a block, with the border of zeros that linear readers need.
  private let frontier: Storage<Float>
  /// One channel's (constant - value) for a block, with the same border.
  private let difference: Storage<Float>
  /// The memory for running images whose cut set was not kept.
  private lazy var prefixWorkspace = sweep.prefix.makeMemory()
  private var buffer: Storage<UInt8>?
  /// The values of the cut set, by group.
  private var values: [Storage<Float>] = []
  /// The sums of each linear reader of the frontier, for all blocks.
  private let sums: [Storage<Float>]
  private var images = 0
  /// By image: whether it is undefined however the layer is masked.
  private var isAlwaysUndefined: [Bool] = []
  /// By image: the largest magnitude that any sum, or product in a sum, has had; infinite if not
  /// finite.
  ///
  /// A value that was added and subtracted again leaves an error of about 1e-7 of it.
  private var peaks: [Float] = []

  init(_ sweep: ChannelSweep) {
    self.sweep = sweep
    workspace = sweep.update.rest.makeMemory()
    full = sweep.suffix.makeMemory()
    frontier = Storage(count: sweep.update.frontierSize)
    difference = Storage(count: sweep.update.differenceSize)
    let blocks = ReplayState.groups * sweep.prefix.blocks
    sums = sweep.update.readers.map { Storage(count: $0.view.elementCount * laneCount * blocks) }
  }

  private var blocksPerGroup: Int { sweep.prefix.blocks }

  func cutView(_ position: Int) -> BufferView {
    sweep.cut.cutView(position, blocks: blocksPerGroup)
  }

  private var frontierStart: UnsafeMutablePointer<Float> {
    unsafe frontier.pointer + sweep.update.frontier.offset
  }

  private var differenceStart: UnsafeMutablePointer<Float> {
    unsafe difference.pointer + sweep.update.difference.offset
  }

  /// Returns a value of the cut set for a block of the chunk.
  func value(_ position: Int, block: Int) -> UnsafeMutablePointer<Float> {
    let view = cutView(position)
    return unsafe values[block / blocksPerGroup].pointer + view.offset
      + block % blocksPerGroup * view.blockStride
  }

  private func sum(_ reader: Int, block: Int) -> UnsafeMutablePointer<Float> {
    unsafe sums[reader].pointer + block * sweep.update.readers[reader].view.elementCount * laneCount
  }

  /// Loads the images of a range: the values of the cut set and the sums of all linear readers.
  func load(
    _ recording: ChannelSweep.Recording, _ range: Range<Int>, _ loader: Loader
  ) throws {
    images = range.count
    isAlwaysUndefined = range.map { recording.alwaysUndefined.contains($0) }
    peaks = Array(repeating: 0, count: range.count)
    let groupSize = blocksPerGroup * laneCount
    values = []
    for start in stride(from: range.lowerBound, to: range.upperBound, by: groupSize) {
      if !recording.cutValues.isEmpty {
        values.append(recording.cutValues[start / groupSize])
      } else {
        let part = start..<min(range.upperBound, start + groupSize)
        let buffer = self.buffer ?? loader.makeBuffer(images: groupSize)
        self.buffer = buffer
        try sweep.runPrefix(loader, part, prefixWorkspace, buffer)
        let storage = Storage<Float>(count: sweep.groupElements)
        sweep.copyCut(of: prefixWorkspace, images: part.count, to: storage)
        values.append(storage)
      }
    }
    let update = sweep.update
    for block in 0..<blockCount(images) where !update.readers.isEmpty {
      let frontier = unsafe peaks(value(0, block: block), cutView(0).image)
      unsafe kernels.copy(
        value(0, block: block), cutView(0).image,
        frontierStart, update.frontier.image)
      for (number, reader) in update.readers.enumerated() {
        unsafe reader.all.run(
          frontierStart, sum(number, block: block))
        let sums = unsafe peaks(sum(number, block: block), reader.view.image)
        for lane in 0..<min(laneCount, images - block * laneCount) {
          let product = frontier[lane] * reader.largestWeight
          notePeak(max(sums[lane], product), of: block * laneCount + lane)
        }
      }
    }
  }

  /// Returns the largest absolute value in each lane; infinite for NaN.
  private func peaks(_ pointer: UnsafeMutablePointer<Float>, _ image: dk_image) -> [Float] {
    var peaks = [Float](repeating: 0, count: laneCount)
    unsafe kernels.peaks(pointer, image, &peaks)
    return peaks.map { $0.isNaN ? .infinity : $0 }
  }

  private func notePeak(_ peak: Float, of image: Int) {
    // An infinity times a weight of zero is NaN.
    peaks[image] = peak.isNaN ? .infinity : max(peaks[image], peak)
  }

  /// Masks one more channel and predicts again for the affected images.
  func mask(_ channel: Int, _ masked: ArraySlice<Int>, _ current: inout [Int32]) {
    let update = sweep.update
    let constant = sweep.constants[channel]
    let view = cutView(0)
    // Blocks in which all or nearly all images are affected are copied as a whole; from others
    // single images are gathered.
    var whole: [Int] = []
    var single: [Int] = []
    for block in 0..<blockCount(images) {
      let lanes = unsafe kernels.difference(
        value(0, block: block) + channel * laneCount, view.image, constant,
        differenceStart, update.difference.image)
      guard lanes != 0 else { continue }
      for (number, reader) in update.readers.enumerated() {
        unsafe reader.perChannel[channel].run(
          differenceStart, sum(number, block: block))
      }
      let first = block * laneCount
      if lanes.nonzeroBitCount >= laneCount - 2 && first + laneCount <= images {
        whole += first..<first + laneCount
      } else {
        for lane in 0..<min(laneCount, images - first) where lanes & (1 << UInt32(lane)) != 0 {
          single.append(first + lane)
        }
      }
    }
    let affected = (whole + single).filter { !isAlwaysUndefined[$0] }
    var doubtful: [Int] = []
    var size = update.rest.blocks * laneCount
    for start in stride(from: 0, to: affected.count, by: size) {
      let part = affected[start..<min(affected.count, start + size)]
      evaluate(part, masked, &current, &doubtful)
    }
    size = sweep.suffix.blocks * laneCount
    for start in stride(from: 0, to: doubtful.count, by: size) {
      evaluateInFull(doubtful[start..<min(doubtful.count, start + size)], masked, &current)
    }
  }

  /// Runs the layers after the linear readers for up to a group of images.
  private func evaluate(
    _ part: ArraySlice<Int>, _ masked: ArraySlice<Int>, _ current: inout [Int32],
    _ doubtful: inout [Int]
  ) {
    let update = sweep.update
    var now = [Float](repeating: 0, count: part.count)
    for (number, reader) in update.readers.enumerated() {
      unsafe gather(part, into: reader.sums, of: workspace, from: reader.view.image) { block in
        unsafe sum(number, block: block)
      }
      for block in 0..<blockCount(part.count) {
        let sums = workspace.value(of: reader.sums, block: block)
        let peaks = unsafe peaks(sums.pointer, sums.image)
        for lane in 0..<min(laneCount, part.count - block * laneCount) {
          now[block * laneCount + lane] = max(now[block * laneCount + lane], peaks[lane])
        }
      }
    }
    if let node = update.maskedFrontier { gatherMasked(part, into: node, of: workspace, masked) }
    for (position, node) in update.others {
      unsafe gather(part, into: node, of: workspace, from: cutView(position).image) {
        block in
        unsafe value(position, block: block)
      }
    }
    workspace.run(blocks: blockCount(part.count)) { _ in }
    var classes = [Int32](repeating: 0, count: laneCount)
    var margins = [Float](repeating: 0, count: laneCount)
    for block in 0..<blockCount(part.count) {
      let scores = workspace.value(of: update.scores, block: block)
      unsafe kernels.argmax_margin(
        scores.pointer, Int64(scores.elementCount), scores.image.channel_pitch, &classes,
        &margins)
      let broken = workspace.brokenLanes(update.checks, block: block)
      for lane in 0..<min(laneCount, part.count - block * laneCount) {
        let image = part[part.startIndex + block * laneCount + lane]
        let largest = now[block * laneCount + lane]
        notePeak(largest, of: image)
        let peak = peaks[image]
        // Beyond 2^20, or where sums shrank to a thousandth of their peak, small sums are mostly
        // rounding error.
        guard classes[lane] != noClass, broken & (1 << UInt32(lane)) == 0, peak < 0x1p20,
          update.readers.isEmpty || largest * 1000 >= peak
        else {
          doubtful.append(image)
          continue
        }
        let top = unsafe scores.pointer[
          Int(classes[lane]) * Int(scores.image.channel_pitch) + lane]
        current[image] = classes[lane]
        // Sums of thousands of terms have errors of about 1e-6; a hundred times that is safe.
        if !(margins[lane] > 1e-4 * (1 + abs(top) + peak)) { doubtful.append(image) }
      }
    }
  }

  /// Runs all layers after the frontier for up to a group of images, as the masked model would.
  private func evaluateInFull(
    _ part: ArraySlice<Int>, _ masked: ArraySlice<Int>, _ current: inout [Int32]
  ) {
    let suffix = sweep.suffix.graph
    for (position, node) in sweep.cut.nodes.enumerated() {
      guard let given = suffix.index[node] else { continue }
      if position == 0 {
        gatherMasked(part, into: given, of: full, masked)
      } else {
        unsafe gather(part, into: given, of: full, from: cutView(position).image) { block in
          unsafe value(position, block: block)
        }
      }
    }
    full.run(blocks: blockCount(part.count)) { _ in }
    let scores = suffix.index[sweep.cut.scores]!
    var classes = [Int32](repeating: 0, count: laneCount)
    for block in 0..<blockCount(part.count) {
      unsafe full.classify(scores, block: block, checks: sweep.checks.suffix, into: &classes)
      for lane in 0..<min(laneCount, part.count - block * laneCount) {
        current[part[part.startIndex + block * laneCount + lane]] = classes[lane]
      }
    }
  }
}
