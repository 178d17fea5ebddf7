internal import CKernels

/// Turns a graph into the phases that run a batch forward and backward.
///
/// Every operation has one function that appends what it does in both directions. Forward phases come
/// in the graph's order, backward ones in the reverse.
final class TrainingBuilder {
  let nodes: [TrainingNode]
  let parameters: Parameters
  let state: BatchState
  /// Blocks in a full batch.
  let blocks: Int
  /// Whether normalization uses and updates the batch's statistics.
  let usesBatchStatistics: Bool
  let differentiatesWeights: Bool

  /// The nodes that read each node.
  let readers: [Int]
  /// Whether slopes go back to a node.
  let needsSlope: [Bool]
  /// Zeros around a node's value, for the convolutions that read it.
  private var frames: [Frame]
  var values: [BatchValue?]
  /// What a node's activation was applied to, where its derivative needs it.
  var preActivations: [BatchValue?]
  private var slopes: [BatchValue?]
  /// Whether slopes of a node lie behind its rectifier already.
  var isRectified: [Bool]

  /// Work that packs weights, before a batch.
  var packing: [@Sendable () -> Void] = []
  private(set) var forward: [TrainingPhase] = []
  private(set) var backward: [TrainingPhase] = []
  /// Where segments whose gradient is summed block by block lie in a slot's memory.
  var slotStarts: [Int: Int] = [:]
  let slots: Int
  let slotSize: Int
  /// `[slots][slotSize]`.
  let slotGradients: Storage<Float>
  /// What Winograd convolutions work in, for each slot; made when all sizes are known.
  let scratch = ScratchMemory()

  private var free: [SlopeKey: [Storage<Float>]] = [:]
  private struct SlopeKey: Hashable {
    let shape: [Int]
    let frame: Frame
  }

  init(
    _ graph: TrainingGraph, _ parameters: Parameters, _ state: BatchState, blocks: Int,
    usesBatchStatistics: Bool, differentiatesWeights: Bool,
    differentiatesInput: Bool
  ) {
    nodes = graph.nodes
    self.parameters = parameters
    self.state = state
    self.blocks = blocks
    self.usesBatchStatistics = usesBatchStatistics
    self.differentiatesWeights = differentiatesWeights
    var readers = Array(repeating: 0, count: nodes.count)
    var needsSlope = Array(repeating: false, count: nodes.count)
    frames = Array(repeating: Frame(), count: nodes.count)
    readers[graph.output] = 1
    var slotSize = 0
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input] += 1 }
      needsSlope[index] =
        node.operation == .input
        ? differentiatesInput
        : node.inputs.contains { needsSlope[$0] } || (differentiatesWeights && node.isTrained)
      if let first = node.inputs.first,
        let (rows, columns) = node.operation.windowAxes(input: nodes[first].shape)
      {
        frames[first].widen(rows: rows, columns: columns)
        // Tiles of 2x2 slopes reach one element further where extents are odd.
        frames[first].bottom = max(frames[first].bottom, rows.after + rows.count % 2)
        frames[first].right = max(frames[first].right, columns.after + columns.count % 2)
      }
      if differentiatesWeights, node.addsBlockByBlock {
        for segment in node.weights.values.sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
        {
          slotStarts[segment.range.lowerBound] = slotSize
          slotSize += (segment.range.count + 15) / 16 * 16
        }
      }
    }
    self.readers = readers
    self.needsSlope = needsSlope
    values = Array(repeating: nil, count: nodes.count)
    preActivations = values
    slopes = values
    isRectified = Array(repeating: false, count: nodes.count)
    // More slots let more threads work; a large network's take much memory.
    slots = max(1, min(blocks, 8, (256 << 20) / max(1, slotSize * 4)))
    self.slotSize = slotSize
    slotGradients = Storage(count: slots * slotSize)
  }

  /// Appends the phases of all nodes.
  func build() {
    var backs: [() -> Void] = []
    for index in nodes.indices {
      backs.append(appendForward(index))
    }
    for index in nodes.indices.reversed() where needsSlope[index] {
      if nodes[index].operation != .input {
        undoActivation(index)
        backs[index]()
        release(index)
      }
    }
    reduceSlots()
  }

  /// Appends what computes a node, and returns what appends its way back.
  private func appendForward(_ index: Int) -> () -> Void {
    let node = nodes[index]
    switch node.operation {
    case .input:
      values[index] = makeValue(index)
      return {}
    case .convolution(let c): return convolution(index, c)
    case .dense(let d):
      if node.shape.count == 1 { return dense(index, d) }
      // On pixels it is a 1x1 convolution.
      return convolution(
        index,
        Convolution(kernel: Tensor(shape: [1, 1] + d.kernel.shape, values: d.kernel.values)))
    case .depthwiseConvolution(let c): return depthwise(index, c)
    case .pooling(let p): return pooling(index, p)
    case .globalPooling(let kind, _): return globalPooling(index, kind)
    case .batchNormalization(let b): return normalization(index, b)
    case .rescaling: return rescaling(index)
    case .flatten, .reshape: return reshape(index)
    case .zeroPadding(let top, _, let left, _): return zeroPadding(index, top: top, left: left)
    case .activation: return activation(index)
    case .add: return combination(index, multiplies: false)
    case .multiply: return combination(index, multiplies: true)
    case .concatenate: return concatenation(index)
    case .trainingOnly(let layer): return noise(index, layer)
    case .separableConvolution: preconditionFailure("it is two nodes of a training graph")
    }
  }

  // MARK: Phases

  func forwardBlocks(_ work: @escaping @Sendable (_ block: Int, _ slot: Int) -> Void) {
    TrainingBuilder.append(work, to: &forward)
  }

  func backwardBlocks(_ work: @escaping @Sendable (_ block: Int, _ slot: Int) -> Void) {
    TrainingBuilder.append(work, to: &backward)
  }

  func forwardPieces(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
    forward.append(.pieces(count, work))
  }

  func backwardPieces(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
    backward.append(.pieces(count, work))
  }

  private static func append(
    _ work: @escaping @Sendable (Int, Int) -> Void, to phases: inout [TrainingPhase]
  ) {
    if case .blocks(let earlier) = phases.last {
      phases[phases.count - 1] = .blocks(earlier + [work])
    } else {
      phases.append(.blocks([work]))
    }
  }

  // MARK: Memory

  /// Reserves memory for a node's value.
  func makeValue(_ index: Int) -> BatchValue {
    let place = self.place(nodes[index].shape, frames[index])
    return BatchValue(storage: Storage(count: place.size), place: place.place)
  }

  /// Reserves memory for a node's slopes, unless it has some, and tells whether there are any yet.
  ///
  /// - Parameter cleared: Whether new slopes must be zero, as they will be added to.
  func slope(_ index: Int, cleared: Bool = false) -> (slope: BatchValue, isThere: Bool) {
    if let slope = slopes[index] { return (slope, true) }
    let slope = makeSlope(index)
    slopes[index] = slope
    if cleared {
      let image = slope.image
      backwardBlocks { block, _ in unsafe dk_fill(slope.at(block), image, 0) }
    }
    return (slope, cleared)
  }

  private func makeSlope(_ index: Int) -> BatchValue {
    let frame = nodes[index].slopeFrame(input: nodes[index].inputs.first.map { nodes[$0].shape })
    let place = self.place(nodes[index].shape, frame)
    let key = SlopeKey(shape: nodes[index].shape, frame: frame)
    // Only memory of exactly the same form is used again: its frame is still zero.
    let storage = free[key]?.popLast() ?? Storage(count: place.size)
    return BatchValue(storage: storage, place: place.place)
  }

  private func release(_ index: Int) {
    guard let slope = slopes[index] else { return }
    let frame = nodes[index].slopeFrame(input: nodes[index].inputs.first.map { nodes[$0].shape })
    free[SlopeKey(shape: nodes[index].shape, frame: frame), default: []].append(slope.storage)
  }

  private func place(_ shape: [Int], _ frame: Frame) -> (place: Place, size: Int) {
    let (height, width, channels) = Place.extents(of: shape)
    if shape.count == 1 {
      let lanes = blocks * laneCount
      return (
        Place(
          buffer: 0, offset: 0, blockStride: laneCount,
          image: dk_image(height: 1, width: 1, channels: channels, pitch: lanes, frame: Frame())),
        channels * lanes
      )
    }
    let image = dk_image(
      height: height, width: width, channels: channels, pitch: laneCount, frame: frame)
    let size = Int(image.row_pitch) * (height + frame.top + frame.bottom)
    return (
      Place(
        buffer: 0, offset: frame.top * Int(image.row_pitch) + frame.left * Int(image.pixel_pitch),
        blockStride: size, image: image), size * blocks
    )
  }

  /// The weights of a segment, and its gradient.
  func pointers(
    _ segment: Parameters.Segment
  ) -> (weights: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>) {
    unsafe (
      parameters.weights.pointer + segment.range.lowerBound,
      parameters.gradient.pointer + segment.range.lowerBound
    )
  }

  /// Adds the slots' gradients up, in order, and clears them for the next batch.
  private func reduceSlots() {
    let size = 1 << 14
    var pieces: [(from: Int, to: Int, count: Int)] = []
    for segment in parameters.segments {
      guard let start = slotStarts[segment.range.lowerBound] else { continue }
      for first in stride(from: 0, to: segment.range.count, by: size) {
        pieces.append(
          (
            start + first, segment.range.lowerBound + first, min(size, segment.range.count - first)
          ))
      }
    }
    guard !pieces.isEmpty else { return }
    let (all, slots, slotSize) = (pieces, self.slots, self.slotSize)
    let (memory, gradient) = (slotGradients, parameters.gradient)
    backwardPieces(pieces.count) { index in
      let piece = all[index]
      unsafe dk_sum_rows(
        memory.pointer + piece.from, Int64(slots), Int64(slotSize), Int64(piece.count),
        gradient.pointer + piece.to)
    }
  }
}

/// Memory for each slot whose size is known only when all layers have asked for it.
final class ScratchMemory: @unchecked Sendable {
  private var size = 0
  private var memory = Storage<Float>(count: 0)

  /// Asks for so many floats a slot.
  func reserve(_ count: Int) { size = max(size, count) }

  /// Makes the memory, once, before anything runs.
  func allocate(slots: Int) { memory = Storage(count: size * slots) }

  func pointer(_ slot: Int) -> UnsafeMutablePointer<Float> { unsafe memory.pointer + slot * size }
}

extension TrainingNode {
  /// Whether it has weights that follow a gradient.
  var isTrained: Bool { weights.values.contains { $0.isTrained } }

  /// Whether its weights' gradient is computed block by block.
  var addsBlockByBlock: Bool {
    switch operation {
    case .convolution, .depthwiseConvolution: true
    case .dense: shape.count > 1
    default: false
    }
  }

  /// Zeros around the slopes of a convolution, which go back through a convolution.
  func slopeFrame(input: [Int]?) -> Frame {
    guard case .convolution(let c) = operation, let input else { return Frame() }
    let rows = SlopeWindows(c, input[0], rows: true)
    let columns = SlopeWindows(c, input[1], rows: false)
    return Frame(
      top: rows.before, bottom: rows.after, left: columns.before, right: columns.after)
  }
}
