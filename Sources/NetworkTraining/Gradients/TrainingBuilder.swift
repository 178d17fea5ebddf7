internal import InferenceGraph
internal import CKernels

/// Builds the phases that run a batch forward and backward.
///
/// Each operation has one function that appends its work in both directions. Forward phases are in
/// the graph's order, backward phases in reverse order.
final class TrainingBuilder {
  let nodes: [TrainingNode]
  let parameters: Parameters
  let state: BatchState
  /// The number of blocks in a full batch.
  let blocks: Int
  /// Whether batch normalization uses the batch's statistics, and can update the moving ones.
  let usesBatchStatistics: Bool
  private let differentiatesWeights: Bool

  /// The number of readers of each node.
  let readers: [Int]
  /// Whether each node needs a gradient.
  let needsGradient: [Bool]
  /// The border of zeros around each node's value, for convolutions that read it.
  private(set) var borders: [Border]
  var values: [BatchValue?]
  /// The input of a node's activation, where the derivative needs it.
  var preActivations: [BatchValue?]
  /// The gradient of each node's value while the phases that use it are appended.
  var valueGradients: [BatchValue?]
  /// Whether a node's gradient already includes the derivative of its rectifier.
  var isRectified: [Bool]
  /// The gradients that losses add to those of some nodes, the output included.
  let nodeGradients: [Int: NodeGradients]

  /// Work that packs weights before a batch.
  var packing: [@Sendable () -> Void] = []
  private(set) var forward: [TrainingPhase] = []
  private(set) var backward: [TrainingPhase] = []
  /// The positions, in a slot's memory, of the segments whose gradient is summed block by block.
  var slotStarts: [Int: Int] = [:]
  let slots: Int
  let slotSize: Int
  /// The position of `[slots][slotSize]` in the memory.
  private let slotGradients: Int
  /// The memory of values, gradients, slots and Winograd scratch.
  let memory = BatchMemory()
  /// The positions of gradients that are no longer needed.
  var free: [GradientKey: [Int]] = [:]

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
    var needsGradient = Array(repeating: false, count: nodes.count)
    borders = Array(repeating: Border(), count: nodes.count)
    readers[graph.output] = 1
    nodeGradients = Dictionary(
      (lossNodes + [graph.output]).map {
        ($0, NodeGradients(graph.nodes[$0].shape, blocks: blocks))
      }
    ) { first, _ in first }
    // A node that a loss reads counts the loss as one more reader.
    for node in lossNodes { readers[node] += 1 }
    var slotSize = 0
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input] += 1 }
      needsGradient[index] =
        node.operation == .input
        ? differentiatesInput
        : node.inputs.contains { needsGradient[$0] } || (differentiatesWeights && node.isTrained)
      if let first = node.inputs.first,
        let (rows, columns) = node.operation.kernelAxes(over: nodes[first].shape)
      {
        borders[first].widen(rows: rows, columns: columns)
        // Tiles of 2x2 gradients reach one element further if an extent is odd.
        borders[first].bottom = max(borders[first].bottom, rows.after + rows.count % 2)
        borders[first].right = max(borders[first].right, columns.after + columns.count % 2)
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
    self.needsGradient = needsGradient
    values = Array(repeating: nil, count: nodes.count)
    preActivations = values
    valueGradients = values
    isRectified = Array(repeating: false, count: nodes.count)
    // More slots allow more threads, but those of a large network take much memory.
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
    for index in nodes.indices.reversed() where needsGradient[index] {
      if let valueGradients = nodeGradients[index] {
        let valueGradient = self.valueGradient(index, cleared: true).gradient
        backwardBlocks { block, _ in valueGradients.add(block, to: valueGradient) }
      }
      if nodes[index].operation != .input {
        undoActivation(index)
        backs[index]()
        release(index)
      }
    }
    reduceSlots()
  }

  /// Appends the forward work of a node; returns the function that appends its backward work.
  private func appendForward(_ index: Int) -> () -> Void {
    let node = nodes[index]
    switch node.operation {
    case .input:
      values[index] = makeValue(index)
      return {}
    case .convolution(let c): return convolution(index, c)
    case .dense(let d):
      if node.shape.count == 1 { return dense(index, d) }
      // On pixels a dense layer is a 1x1 convolution.
      return convolution(
        index,
        Convolution(kernel: Tensor(shape: [1, 1] + d.kernel.shape, values: d.kernel.values)))
    case .depthwiseConvolution(let c): return depthwise(index, c)
    case .pooling(let p): return pooling(index, p)
    case .globalPooling(let kind, _): return globalPooling(index, kind)
    case .batchNormalization(let b): return normalization(index, b)
    case .layerNormalization(let n): return layerNormalization(index, n)
    case .responseNormalization(let n): return responseNormalization(index, n)
    case .parametricReLU: return parametricReLU(index)
    case .adaptivePooling: return adaptivePooling(index)
    case .matrixProduct: return matrixProduct(index)
    case .constantValue(let c): return constant(index, c)
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

  /// Returns where each slot sums a segment's gradient.
  func slotGradient(
    _ segment: Parameters.Segment
  ) -> @Sendable (_ slot: Int) -> UnsafeMutablePointer<Float> {
    let (memory, slotSize) = (self.memory, self.slotSize)
    let start = slotGradients + slotStarts[segment.range.lowerBound]!
    return { slot in unsafe memory.pointer + start + slot * slotSize }
  }

  /// Adds the slots' gradients in order and clears the slots for the next batch.
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
  /// Whether any of the weights is trained.
  var isTrained: Bool { weights.values.contains { $0.isTrained } }

  /// Whether the gradient of the weights is computed block by block.
  var addsBlockByBlock: Bool {
    if case .layerNormalization = operation { return true }
    if case .parametricReLU = operation { return true }
    return operation.hasOwnChannels && (operation.isConvolution || shape.count > 1)
  }
}
