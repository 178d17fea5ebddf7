internal import CKernels

/// Assigns a buffer view to each value of a graph; values that are not alive together share memory.
///
/// A node is *spatial* and runs block after block, or belongs to the dense *tail* and runs for
/// whole groups: vectors after the last spatial node. A value that both kinds read has two buffer
/// views.
struct BufferLayout: Sendable {
  private let graph: Fused
  /// The number of blocks in a group.
  let blocks: Int
  /// By node: whether it belongs to the tail.
  let isTail: [Bool]
  /// By node: the border of zeros around its value, for convolutions that read it.
  let borders: [Border]

  /// By node: the buffer view of its value.
  private(set) var views: [BufferView?]
  /// By node: the buffer view that the tail reads.
  private(set) var tailViews: [BufferView?]
  /// By node: where a reshaping or a padding stores its elements first.
  private(set) var temporaries: [Int: BufferView] = [:]
  /// The scratch buffer of Winograd convolutions; nil if there are none.
  private(set) var scratch: Int?
  /// The size of every buffer, in floats.
  private(set) var bufferSizes: [Int] = []

  /// By node: the nodes that read it.
  private let readers: [[Int]]
  private var free: [BufferKey: [Int]] = [:]
  private var bufferKeys: [Int: BufferKey] = [:]

  /// Values with equal keys can share a buffer: its border is then still zero.
  private struct BufferKey: Hashable {
    let extents: [Int]
    let border: Border
  }

  init(_ graph: Fused, blocks: Int) {
    self.graph = graph
    self.blocks = blocks
    let nodes = graph.nodes
    var readers = [[Int]](repeating: [], count: nodes.count)
    var borders = [Border](repeating: Border(), count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { readers[input].append(index) }
      if let first = node.inputs.first,
        let (rows, columns) = node.operation.kernelAxes(over: nodes[first].shape)
      {
        borders[first].widen(rows: rows, columns: columns)
      }
    }
    var isTail = [Bool](repeating: false, count: nodes.count)
    for index in nodes.indices.reversed() {
      isTail[index] = nodes[index].canStandInTail && readers[index].allSatisfy { isTail[$0] }
    }
    self.readers = readers
    self.borders = borders
    self.isTail = isTail
    views = Array(repeating: nil, count: nodes.count)
    tailViews = views
    // All inputs are stored before the first step runs, so an input must not share memory that an
    // earlier step still writes.
    for index in nodes.indices where nodes[index].isInput {
      views[index] = reserve(
        nodes[index].shape, borders[index],
        isLasting: graph.origin == .values || graph.outputs.contains(index))
    }
    for index in nodes.indices {
      if isTail[index] {
        layInTail(index)
        continue
      }
      if !nodes[index].isInput { lay(index) }
      if readers[index].contains(where: { isTail[$0] }), tailViews[index] == nil {
        tailViews[index] = reserveInTail(nodes[index].shape)
      }
      releaseInputs(of: index)
    }
  }

  /// Whether the tail reads a copy of a node's value.
  func isCopied(_ index: Int) -> Bool {
    guard let view = views[index], let tail = tailViews[index] else { return false }
    return view.buffer != tail.buffer
  }

  // MARK: Nodes

  private mutating func lay(_ index: Int) {
    let node = graph.nodes[index]
    switch node.operation {
    case .flatten, .reshape:
      // Stores the elements in order, then copies them into the border if one is needed.
      if borders[index] != Border() {
        let flat = reserve(node.shape, Border(), isLasting: false)
        temporaries[index] = flat
        views[index] = reserveResult(of: index)
        release(flat)
      } else {
        views[index] = reserveResult(of: index)
      }
    case .zeroPadding(let top, let bottom, let left, let right):
      // The padding is a border around a copy of the input; the readers' border goes around that.
      let padding = Border(top: top, bottom: bottom, left: left, right: right)
      let inner = reserve(
        graph.nodes[node.inputs[0]].shape, padding + borders[index],
        isLasting: graph.outputs.contains(index))
      let padded = inner.widened(by: padding)
      if node.epilogue.activation == .linear {
        views[index] = padded
      } else {
        // Not in place: the zeros must remain for the next block.
        temporaries[index] = padded
        views[index] = reserveResult(of: index)
      }
    case .convolution(let c):
      views[index] = reserveResult(of: index)
      if WinogradStep.applies(to: ConvolutionWeights(c), output: node.operationShape) {
        reserveScratch(
          WinogradStep.scratchSize(inputs: c.kernel.shape[2], outputs: c.kernel.shape[3]))
      }
    case .input, .dense, .depthwiseConvolution, .separableConvolution, .pooling, .globalPooling,
      .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .rearrange, .resize, .binaryLogits, .trainingOnly:
      views[index] = reserveResult(of: index)
    }
  }

  private mutating func layInTail(_ index: Int) {
    let node = graph.nodes[index]
    let view =
      node.operation == .flatten
      ? tailViews[node.inputs[0]]!.reshaped(node.shape) : reserveInTail(node.shape)
    views[index] = view
    tailViews[index] = view
  }

  // MARK: Memory

  /// Reserves memory for a node's value: for one block, or for all blocks if the value must last.
  private mutating func reserveResult(of index: Int) -> BufferView {
    let isKept = graph.outputs.contains(index)
    if !isKept, !readers[index].isEmpty, readers[index].allSatisfy({ isTail[$0] }) {
      // Only the tail reads the value: the node writes it where the tail reads.
      let view = reserveInTail(graph.nodes[index].shape)
      tailViews[index] = view
      return view
    }
    return reserve(graph.nodes[index].shape, borders[index], isLasting: isKept)
  }

  private mutating func reserve(_ shape: [Int], _ border: Border, isLasting: Bool) -> BufferView {
    let (height, width, channels) = BufferView.extents(of: shape)
    let key = BufferKey(extents: [height, width, channels], border: border)
    let buffer: Int
    if !isLasting, let reused = free[key]?.popLast() {
      buffer = reused
    } else {
      buffer = bufferSizes.count
      bufferSizes.append(BufferView.size(of: shape, border) * (isLasting ? blocks : 1))
    }
    if !isLasting { bufferKeys[buffer] = key }
    return BufferView(buffer: buffer, shape: shape, border: border, isLasting: isLasting)
  }

  /// Reserves a matrix [elements, lanes of all blocks] for the tail.
  private mutating func reserveInTail(_ shape: [Int]) -> BufferView {
    let (height, width, channels) = BufferView.extents(of: shape)
    let lanes = laneCount * blocks
    bufferSizes.append(height * width * channels * lanes)
    return BufferView(
      buffer: bufferSizes.count - 1, offset: 0, blockStride: laneCount,
      image: dk_image(
        height: height, width: width, channels: channels, pitch: lanes, border: Border()))
  }

  private mutating func reserveScratch(_ size: Int) {
    if let scratch {
      bufferSizes[scratch] = max(bufferSizes[scratch], size)
    } else {
      scratch = bufferSizes.count
      bufferSizes.append(size)
    }
  }

  /// Releases the memory of values that no spatial node after `index` reads.
  private mutating func releaseInputs(of index: Int) {
    for input in Set(graph.nodes[index].inputs) {
      guard let view = views[input], !graph.outputs.contains(input),
        readers[input].allSatisfy({ $0 <= index || isTail[$0] })
      else { continue }
      release(view)
    }
  }

  /// Releases the memory of a value unless the value must last.
  private mutating func release(_ view: BufferView) {
    if let key = bufferKeys.removeValue(forKey: view.buffer) {
      free[key, default: []].append(view.buffer)
    }
  }
}

extension FusedNode {
  /// Whether the node can run for whole groups: it works on vectors, elementwise or as a matrix
  /// product.
  fileprivate var canStandInTail: Bool {
    guard shape.count == 1 else { return false }
    switch operation {
    case .dense, .batchNormalization, .layerNormalization, .rescaling, .activation, .add, .multiply,
      .maximum, .minimum, .concatenate, .binaryLogits:
      return true
    case .flatten:
      // It shares the memory of its input, which other nodes may read too.
      return epilogue.activation == .linear
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .reshape, .zeroPadding, .rearrange, .resize, .trainingOnly:
      return false
    }
  }
}

extension BufferLayout: CustomStringConvertible {
  /// One line for each node: the buffers of its value and of the tail's copy, and the border.
  var description: String {
    graph.nodes.indices.map { index in
      guard let view = views[index] else { return "\(index): nowhere" }
      var text = "\(index): buffer \(view.buffer)"
      if isCopied(index), let tail = tailViews[index] { text += ", for the tail \(tail.buffer)" }
      if isTail[index] {
        text += ", in the tail"
      } else if view.blockStride != 0 {
        text += ", all blocks"
      }
      let border = borders[index]
      if border != Border() {
        text += ", zeros [\(border.top), \(border.bottom), \(border.left), \(border.right)]"
      }
      return text
    }.joined(separator: "\n")
  }
}
