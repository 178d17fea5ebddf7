internal import CKernels

/// The part of a sweep that runs again for each channel: linear layers that read the frontier are
/// updated, later layers run in full.
struct SweepUpdate: Sendable {
  /// A convolution or dense layer that reads the frontier (a linear reader).
  struct Head: Sendable {
    /// The node of `rest` that holds its sums, before its activation.
    let sums: Int
    /// Computes the sums, in the layout `kept`, from the frontier's values.
    let all: ConvolutionStep
    /// By channel: adds the channel's difference times its weights.
    let perChannel: [ConvolutionStep]
    /// The buffer view of the sums of one block.
    let kept: Place
    /// The largest absolute value of its kernel.
    let largestWeight: Float
  }

  /// The number of blocks evaluated together: as many as the kernel accepts.
  static let blocks = 4

  let heads: [Head]
  /// The buffer view of a block of the frontier's values, with the border that linear readers need.
  let frontier: Place
  let frontierSize: Int
  /// The buffer view of one channel's (constant - value) for a block, with the same border.
  let difference: Place
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

  init(_ model: [IRNode], _ cut: SweepCut, channels: Int, on backend: any Backend) {
    let shape = cut.shapes[0]
    // Marks nodes with the same elements as the frontier, for example a flattening.
    var isFrontier = Array(repeating: false, count: model.count)
    isFrontier[cut.frontier] = true
    var nodes: [IRNode] = []
    var moved: [Int] = []
    var headNodes: [(node: Int, sums: Int, weights: ConvolutionWeights)] = []
    for (index, var node) in model.enumerated() {
      let readsFrontier = node.inputs.first.map { isFrontier[$0] } ?? false
      if readsFrontier, node.activation == .linear, node.operation == .flatten {
        isFrontier[index] = true
      }
      if readsFrontier, cut.isBehind[index], index <= cut.scores,
        let weights = SweepUpdate.headWeights(
          node, frontier: shape, reads: model[node.inputs[0]].shape)
      {
        // The sums are an input; the activation remains.
        headNodes.append((index, nodes.count, weights))
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
      nodes, given: Set(cut.nodes.map { moved[$0] } + headNodes.map(\.sums)),
      kept: [moved[cut.scores]], from: .values)
    rest = backend.prepare(graph, blocks: SweepUpdate.blocks)
    scores = graph.index[moved[cut.scores]]!
    checks = graph.checks(behind: scores)
    maskedFrontier = graph.index[moved[cut.frontier]]
    others = cut.nodes.indices.dropFirst().compactMap { position in
      graph.index[moved[cut.nodes[position]]].map { (position, $0) }
    }
    var frame = Frame()
    for head in headNodes where model[head.node].shape.count == 3 {
      if let axes = model[head.node].operation.kernelAxes(over: shape) {
        frame.widen(rows: axes.rows, columns: axes.columns)
      }
    }
    let channelShape = Array(shape.dropLast()) + [1]
    let values = Place(shape: shape, frame: frame)
    let difference = Place(shape: channelShape, frame: frame)
    frontier = values
    frontierSize = Place.size(of: shape, frame)
    self.difference = difference
    differenceSize = Place.size(of: channelShape, frame)
    heads = headNodes.compactMap { head in
      // Omits a linear reader whose result is not needed.
      guard let sums = graph.index[head.sums] else { return nil }
      let kept = Place(shape: model[head.node].shape)
      let axes = model[head.node].operation.kernelAxes(over: shape)
      var bare = head.weights
      bare.bias = nil
      return Head(
        sums: sums,
        all: head.weights.steps(input: values, output: kept, axes: axes)[0],
        perChannel: (0..<channels).map { channel in
          var part = bare
          part.kernel = bare.kernel.selecting([channel], axis: 2)
          return part.steps(
            input: difference, output: kept, axes: axes, accumulate: true)[0]
        }, kept: kept,
        largestWeight: head.weights.kernel.values.reduce(0) { max($0, abs($1)) })
    }
  }

  /// The bytes that each thread needs.
  var bytes: Int {
    rest.bytes + (frontierSize + differenceSize) * MemoryLayout<Float>.size
  }

  /// Returns the layer as a convolution over the frontier; nil if it is not linear in each channel.
  private static func headWeights(
    _ node: IRNode, frontier: [Int], reads: [Int]
  ) -> ConvolutionWeights? {
    if case .convolution(let c) = node.operation, c.groups == 1, reads == frontier {
      return ConvolutionWeights(
        kernel: c.kernel, bias: c.bias, dilation: c.dilation, strides: c.strides)
    }
    guard case .dense(let d) = node.operation else { return nil }
    let (height, width, channels) = Place.extents(of: frontier)
    // After a flattening a dense layer is a convolution whose window is the whole image.
    let window = reads.count == 1 ? [height, width] : [1, 1]
    return ConvolutionWeights(
      kernel: Tensor(shape: window + [channels, d.kernel.shape[1]], values: d.kernel.values),
      bias: d.bias)
  }
}
