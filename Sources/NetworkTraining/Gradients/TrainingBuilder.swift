internal import InferenceGraph
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
  private let differentiatesWeights: Bool

  /// The nodes that read each node.
  let readers: [Int]
  /// Whether slopes go back to a node.
  let needsSlope: [Bool]
  /// Zeros around a node's value, for the convolutions that read it.
  private(set) var frames: [Frame]
  var values: [BatchValue?]
  /// What a node's activation was applied to, where its derivative needs it.
  var preActivations: [BatchValue?]
  /// The slopes of a node's value, while phases that need them are appended.
  var slopes: [BatchValue?]
  /// Whether slopes of a node lie behind its rectifier already.
  var isRectified: [Bool]
  /// What losses add to the slopes of some nodes, the output among them.
  let nodeSlopes: [Int: NodeSlopes]

  /// Work that packs weights, before a batch.
  var packing: [@Sendable () -> Void] = []
  private(set) var forward: [TrainingPhase] = []
  private(set) var backward: [TrainingPhase] = []
  /// Where segments whose gradient is summed block by block lie in a slot's memory.
  var slotStarts: [Int: Int] = [:]
  let slots: Int
  let slotSize: Int
  /// Where `[slots][slotSize]` lies in the memory.
  private let slotGradients: Int
  /// Where values, slopes and slots lie, and what Winograd convolutions work in.
  let memory = BatchMemory()
  /// Where slopes lay that are not needed any more.
  var free: [SlopeKey: [Int]] = [:]

  init(
    _ graph: TrainingGraph, _ parameters: Parameters, _ state: BatchState, blocks: Int,
    usesBatchStatistics: Bool, differentiatesWeights: Bool,
    differentiatesInput: Bool, lossNodes: [Int]
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
    nodeSlopes = Dictionary(
      (lossNodes + [graph.output]).map { ($0, NodeSlopes(graph.nodes[$0].shape, blocks: blocks)) }
    ) { first, _ in first }
    // What a loss reads keeps slopes of its own.
    for node in lossNodes { readers[node] += 1 }
    var slotSize = 0
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input] += 1 }
      needsSlope[index] =
        node.operation == .input
        ? differentiatesInput
        : node.inputs.contains { needsSlope[$0] } || (differentiatesWeights && node.isTrained)
      if let first = node.inputs.first,
        let (rows, columns) = node.operation.kernelAxes(over: nodes[first].shape)
      {
        frames[first].widen(rows: rows, columns: columns)
        // Tiles of 2x2 slopes reach one element further where extents are odd.
        frames[first].bottom = max(frames[first].bottom, rows.after + rows.count % 2)
        frames[first].right = max(frames[first].right, columns.after + columns.count % 2)
      }
      if differentiatesWeights && node.isTrained, node.addsBlockByBlock {
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
    slotGradients = memory.reserve(slots * slotSize)
  }

  /// Whether the gradient of a node's weights is computed.
  func differentiates(_ node: TrainingNode) -> Bool { differentiatesWeights && node.isTrained }

  /// Appends the phases of all nodes.
  func build() {
    var backs: [() -> Void] = []
    for index in nodes.indices {
      backs.append(appendForward(index))
    }
    for index in nodes.indices.reversed() where needsSlope[index] {
      if let slopes = nodeSlopes[index] {
        let slope = self.slope(index, cleared: true).slope
        backwardBlocks { block, _ in slopes.add(block, to: slope) }
      }
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
    case .layerNormalization(let n): return layerNormalization(index, n)
    case .rescaling: return rescaling(index)
    case .flatten, .reshape: return reshape(index)
    case .zeroPadding(let top, _, let left, _): return zeroPadding(index, top: top, left: left)
    case .activation: return activation(index)
    case .add, .multiply, .maximum, .minimum: return combination(index)
    case .rearrange(let r): return rearrangement(index, r)
    case .resize: return resizing(index)
    case .concatenate: return concatenation(index)
    case .binaryLogits: return binaryLogits(index)
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

  // MARK: Slots

  /// Where a segment's gradient is summed by each slot.
  func slotGradient(
    _ segment: Parameters.Segment
  ) -> @Sendable (_ slot: Int) -> UnsafeMutablePointer<Float> {
    let (memory, slotSize) = (self.memory, self.slotSize)
    let start = slotGradients + slotStarts[segment.range.lowerBound]!
    return { slot in unsafe memory.pointer + start + slot * slotSize }
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
    let (memory, first, gradient) = (self.memory, slotGradients, parameters.gradient)
    backwardPieces(pieces.count) { index in
      let piece = all[index]
      unsafe kernels.sum_rows(
        memory.pointer + first + piece.from, Int64(slots), Int64(slotSize), Int64(piece.count),
        gradient.pointer + piece.to)
    }
  }
}

extension TrainingNode {
  /// Whether it has weights that follow a gradient.
  var isTrained: Bool { weights.values.contains { $0.isTrained } }

  /// Whether its weights' gradient is computed block by block.
  var addsBlockByBlock: Bool {
    if case .layerNormalization = operation { return true }
    return operation.hasOwnChannels && (operation.isConvolution || shape.count > 1)
  }
}
