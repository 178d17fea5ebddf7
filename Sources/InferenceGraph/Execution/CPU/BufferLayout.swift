internal import CKernels

/// Assigns a buffer view to each value of a graph; values that are not alive together share memory.
///
/// A node is *spatial* and runs block after block, or belongs to the dense *tail* and runs for
/// whole groups: vectors after the last spatial node. A value that both kinds read has two buffer
/// views. Spatial values that need not last lie in one buffer (``SharedMemory``); every other value
/// has a buffer of its own.
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
  /// By node: views without their border whose border another value overwrites.
  private(set) var overwrittenBorders: [Int: [(view: BufferView, border: Border)]] = [:]
  /// The scratch buffer of Winograd convolutions; nil if there are none.
  private(set) var scratch: Int?
  /// The size of every buffer, in floats. The first is the shared memory.
  private(set) var bufferSizes = [0]

  /// By node: the nodes that read it.
  private let readers: [[Int]]
  private var shared = SharedMemory()
  /// By node: the positions in the shared memory of its value and of its temporary.
  private var sharedValues: [Int: Int] = [:]
  private var sharedTemporaries: [Int: Int] = [:]

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
    for index in nodes.indices where nodes[index].isInput {
      views[index] = reserveValue(of: index, isLasting: graph.origin == .values)
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
    }
    placeSharedValues()
  }

  /// Returns where in the shared memory a node's value lies with its border, in floats; nil if it
  /// has a buffer of its own.
  func sharedRange(of index: Int) -> Range<Int>? {
    sharedValues[index].map { shared.values[$0].range }
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
        temporaries[index] = reserveTemporary(of: index, node.shape, Border())
      }
      views[index] = reserveResult(of: index)
    case .zeroPadding(let top, let bottom, let left, let right):
      // The padding is a border around a copy of the input; the readers' border goes around that.
      let padding = Border(top: top, bottom: bottom, left: left, right: right)
      let shape = graph.nodes[node.inputs[0]].shape
      if node.epilogue.activation == .linear {
        views[index] = reserveValue(of: index, shape, padding: padding).widened(by: padding)
      } else {
        // Not in place: the zeros must remain for the next block.
        temporaries[index] = reserveTemporary(of: index, shape, padding + borders[index])
          .widened(by: padding)
        views[index] = reserveResult(of: index)
      }
    case .convolution(let c):
      views[index] = reserveResult(of: index)
      if WinogradStep.applies(to: ConvolutionWeights(c), output: node.operationShape) {
        reserveScratch(
          WinogradStep.scratchSize(inputs: c.kernel.shape[2], outputs: c.kernel.shape[3]))
      }
    case .input, .dense, .depthwiseConvolution, .separableConvolution, .pooling, .globalPooling,
      .adaptivePooling, .batchNormalization, .layerNormalization, .responseNormalization,
      .parametricReLU, .rescaling, .activation, .add, .multiply, .maximum, .minimum,
      .matrixProduct, .constantValue, .concatenate, .rearrange, .resize, .binaryLogits,
      .trainingOnly:
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
    if !graph.outputs.contains(index), !readers[index].isEmpty,
      readers[index].allSatisfy({ isTail[$0] })
    {
      // Only the tail reads the value: the node writes it where the tail reads.
      let view = reserveInTail(graph.nodes[index].shape)
      tailViews[index] = view
      return view
    }
    return reserveValue(of: index)
  }

  /// Reserves memory for a node's value.
  ///
  /// - Parameters:
  ///   - shape: The shape without the padding; nil for the node's.
  ///   - padding: Zeros that belong to the value. The view leaves them out.
  ///   - isLasting: Whether the value must last although it is no output.
  private mutating func reserveValue(
    of index: Int, _ shape: [Int]? = nil, padding: Border = Border(), isLasting: Bool = false
  ) -> BufferView {
    let shape = shape ?? graph.nodes[index].shape
    let border = padding + borders[index]
    if isLasting || graph.outputs.contains(index) {
      bufferSizes.append(BufferView.size(of: shape, border) * blocks)
      return BufferView(
        buffer: bufferSizes.count - 1, shape: shape, border: border, isLasting: true)
    }
    let first = graph.nodes[index].isInput ? -1 : index
    let last = readers[index].last { !isTail[$0] } ?? index
    sharedValues[index] = shared.add(shape, border, lifetime: first...last)
    return BufferView(shape: shape, border: border)
  }

  /// Reserves memory that a node needs while it runs.
  private mutating func reserveTemporary(
    of index: Int, _ shape: [Int], _ border: Border
  ) -> BufferView {
    sharedTemporaries[index] = shared.add(shape, border, lifetime: index...index)
    return BufferView(shape: shape, border: border)
  }

  /// Places the values of the shared memory and moves their views there.
  private mutating func placeSharedValues() {
    shared.place()
    bufferSizes[0] = shared.size
    let isOverwritten = shared.overwrittenBorders()
    func restore(_ number: Int, before node: Int) {
      guard isOverwritten[number] else { return }
      let value = shared.values[number]
      overwrittenBorders[node, default: []].append(
        (BufferView(start: value.start, shape: value.shape, border: value.border), value.border))
    }
    for (index, number) in sharedTemporaries {
      temporaries[index] = temporaries[index]!.moved(by: shared.values[number].start)
      restore(number, before: index)
    }
    for (index, number) in sharedValues {
      views[index] = views[index]!.moved(by: shared.values[number].start)
      restore(number, before: index)
    }
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
      .globalPooling, .adaptivePooling, .responseNormalization, .parametricReLU, .matrixProduct,
      .constantValue, .reshape, .zeroPadding, .rearrange, .resize, .trainingOnly:
      return false
    }
  }
}

extension BufferLayout: CustomStringConvertible {
  /// One line for each node: the buffers of its value and of the tail's copy, and the border.
  var description: String {
    graph.nodes.indices.map { index in
      guard let view = views[index] else { return "\(index): nowhere" }
      var text = "\(index): "
      text += sharedRange(of: index).map { "memory \($0)" } ?? "buffer \(view.buffer)"
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
