internal import CKernels

/// The part of a sweep that runs again for each channel: linear layers that read the frontier are
/// updated, later layers run in full.
struct SweepUpdate: Sendable {
  /// A convolution or dense layer that reads the frontier (a linear reader).
  struct Reader: Sendable {
    /// The node of `rest` that holds its sums, before its activation.
    let sums: Int
    /// Computes the sums, in the layout `view`, from the frontier's values.
    let all: ConvolutionStep
    /// By channel: adds the channel's difference times its weights.
    let perChannel: [ConvolutionStep]
    /// The buffer view of the sums of one block.
    let view: BufferView
    /// The largest absolute value of its kernel.
    let largestWeight: Float
  }

  /// The number of blocks evaluated together: as many as the kernel accepts.
  static let blocks = 4

  let readers: [Reader]
  /// The buffer view of a block of the frontier's values, with the border that linear readers need.
  let frontier: BufferView
  let frontierSize: Int
  /// The buffer view of one channel's (constant - value) for a block, with the same border.
  let difference: BufferView
  let differenceSize: Int
  /// The layers after the linear readers.
  let rest: any PreparedGraph
  /// The node of `rest` that is the masked frontier; nil if all of its readers are linear.
  let maskedFrontier: Int?
  /// The nodes of `rest` that are other values of the cut set, with their positions in it.
  let others: [(position: Int, node: Int)]
  /// The node of `rest` that holds the class scores.
  let scores: Int
  /// The checks of `rest` that decide whether an image is undefined.
  let checks: [Int]

  init(_ model: [IRNode], _ cut: CutSet, channels: Int, on backend: any Backend) {
    let shape = cut.shapes[0]
    // Marks nodes with the same elements as the frontier, for example a flattening.
    var isFrontier = Array(repeating: false, count: model.count)
    isFrontier[cut.frontier] = true
    var nodes: [IRNode] = []
    var moved: [Int] = []
    var readerNodes: [(node: Int, sums: Int, weights: ConvolutionWeights)] = []
    for (index, var node) in model.enumerated() {
      let readsFrontier = node.inputs.first.map { isFrontier[$0] } ?? false
      if readsFrontier, node.activation == .linear, node.operation == .flatten {
        isFrontier[index] = true
      }
      if readsFrontier, cut.isBehind[index], index <= cut.scores,
        let weights = SweepUpdate.readerWeights(
          node, frontier: shape, reads: model[node.inputs[0]].shape)
      {
        // The sums are an input; the activation remains.
        readerNodes.append((index, nodes.count, weights))
        nodes.append(IRNode(operation: .input, inputs: [], shape: node.shape))
        if node.activation != .linear {
          nodes.append(
            IRNode(
              operation: .activation, activation: node.activation, inputs: [nodes.count - 1],
              shape: node.shape))
        }
      } else {
        node.inputs = node.inputs.map { moved[$0] }
        nodes.append(node)
      }
      moved.append(nodes.count - 1)
    }
    let graph = Fused(
      nodes, inputs: Set(cut.nodes.map { moved[$0] } + readerNodes.map(\.sums)),
      outputs: [moved[cut.scores]], from: .values)
    rest = backend.prepare(graph, blocks: SweepUpdate.blocks)
    scores = graph.index[moved[cut.scores]]!
    checks = graph.checks(behind: scores)
    maskedFrontier = graph.index[moved[cut.frontier]]
    others = cut.nodes.indices.dropFirst().compactMap { position in
      graph.index[moved[cut.nodes[position]]].map { (position, $0) }
    }
    var border = Border()
    for reader in readerNodes where model[reader.node].shape.count == 3 {
      if let axes = model[reader.node].operation.kernelAxes(over: shape) {
        border.widen(rows: axes.rows, columns: axes.columns)
      }
    }
    let channelShape = Array(shape.dropLast()) + [1]
    let values = BufferView(shape: shape, border: border)
    let difference = BufferView(shape: channelShape, border: border)
    frontier = values
    frontierSize = BufferView.size(of: shape, border)
    self.difference = difference
    differenceSize = BufferView.size(of: channelShape, border)
    readers = readerNodes.compactMap { reader in
      // Omits a linear reader whose result is not needed.
      guard let sums = graph.index[reader.sums] else { return nil }
      let view = BufferView(shape: model[reader.node].shape)
      let axes = model[reader.node].operation.kernelAxes(over: shape)
      var bare = reader.weights
      bare.bias = nil
      return Reader(
        sums: sums,
        all: reader.weights.steps(input: values, output: view, axes: axes)[0],
        perChannel: (0..<channels).map { channel in
          var part = bare
          part.kernel = bare.kernel.selecting([channel], axis: 2)
          return part.steps(
            input: difference, output: view, axes: axes, accumulate: true)[0]
        }, view: view,
        largestWeight: reader.weights.kernel.values.reduce(0) { max($0, abs($1)) })
    }
  }

  /// The bytes that each thread needs.
  var bytes: Int {
    rest.bytes + (frontierSize + differenceSize) * MemoryLayout<Float>.size
  }

  /// Returns the layer as a convolution over the frontier; nil if it is not linear in each channel.
  private static func readerWeights(
    _ node: IRNode, frontier: [Int], reads: [Int]
  ) -> ConvolutionWeights? {
    if case .convolution(let c) = node.operation, c.groups == 1, reads == frontier {
      return ConvolutionWeights(
        kernel: c.kernel, bias: c.bias, dilation: c.dilation, strides: c.strides)
    }
    guard case .dense(let d) = node.operation else { return nil }
    let (height, width, channels) = BufferView.extents(of: frontier)
    // After a flattening a dense layer is a convolution whose window is the whole image.
    let window = reads.count == 1 ? [height, width] : [1, 1]
    return ConvolutionWeights(
      kernel: Tensor(shape: window + [channels, d.kernel.shape[1]], values: d.kernel.values),
      bias: d.bias)
  }
}
