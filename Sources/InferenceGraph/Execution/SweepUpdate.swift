internal import CKernels

/// The part of a sweep that is done again for each channel: linear layers that read the frontier
/// are updated, what lies behind them is run.
struct SweepUpdate: Sendable {
  /// A convolution or dense layer that reads the frontier.
  struct Head: Sendable {
    /// Where its sums stand, before its activation.
    let sums: Place
    /// Computes the sums, in the order `kept`, from the frontier's values.
    let all: ConvolutionStep
    /// By channel: adds that channel's difference times its weights.
    let perChannel: [ConvolutionStep]
    /// The sums of one block close together.
    let kept: Place
    /// The largest absolute value of its kernel.
    let largestWeight: Float
  }

  /// Blocks that are evaluated together: as many as the kernel takes at once.
  static let blocks = 4

  let heads: [Head]
  /// The frontier's values, which some reader other than a head may need too.
  let frontier: Place
  /// Where the plan expects the frontier itself, masked, if any reader is no head.
  let maskedFrontier: Place?
  /// Other values of the cut, by their position in it.
  let others: [(position: Int, place: Place)]
  /// One channel's (constant - value).
  let difference: Place
  /// What lies behind the heads.
  let plan: Plan
  let logits: Place
  /// The checks of the plan that decide whether an image has a class.
  let checks: [Int]

  init(
    _ merged: MergedGraph, cut: [Int], isBehind: [Bool], output: Int, channels: Int
  ) {
    let front = cut[0]
    let shape = merged.nodes[front].shape
    // The frontier under other names: dropout, flattening.
    var isFrontier = Array(repeating: false, count: merged.nodes.count)
    isFrontier[front] = true
    var entries: [MergedGraph.Entry] = []
    var moved: [Int] = []
    var headNodes: [(node: Int, entry: Int, weights: ConvolutionWeights)] = []
    for (index, node) in merged.nodes.enumerated() {
      let input = node.inputs.first.map { isFrontier[$0] } ?? false
      if input && node.activation == .linear {
        isFrontier[index] = node.operation.facts.isIdentity || node.operation == .flatten
      }
      let read = node.inputs.map { moved[$0] }
      if input, isBehind[index], index <= output,
        let weights = SweepUpdate.headWeights(
          node, frontier: shape, reads: merged.nodes[node.inputs[0]].shape)
      {
        headNodes.append((index, entries.count, weights))
        entries.append(
          MergedGraph.Entry(operation: .input, activation: .linear, inputs: [], shape: node.shape))
        entries.append(
          MergedGraph.Entry(
            operation: .activation, activation: node.activation, inputs: [entries.count - 1],
            shape: node.shape))
      } else {
        entries.append(
          MergedGraph.Entry(
            operation: node.operation, activation: node.activation, inputs: read,
            shape: node.shape, inputScale: node.inputScale))
      }
      moved.append(entries.count - 1)
    }
    // The output's logits: the head's sums themselves where the head is the last layer.
    var planner = Planner(
      entries, given: Set(cut.map { moved[$0] } + headNodes.map(\.entry)), kept: [moved[output]],
      blocks: SweepUpdate.blocks, keepsGiven: true)
    // The differences, and the frontier where nothing but heads reads it, with a frame of zeros
    // for "same" padding.
    var frame = Frame()
    for head in headNodes {
      if merged.nodes[head.node].shape.count == 3,
        let axes = merged.nodes[head.node].operation.kernelAxes(over: shape)
      {
        frame.widen(rows: axes.rows, columns: axes.columns)
      }
    }
    let values = planner.place(shape: shape, frame: frame, isLasting: true)
    let extents = Place.extents(of: shape)
    let difference = planner.place(
      shape: [extents.height, extents.width, 1], frame: frame, isLasting: false)
    let plan = planner.plan()
    frontier = values
    self.difference = difference
    self.plan = plan
    logits = plan.results[moved[output]]!
    checks = plan.checks(behind: moved[output], in: entries)
    maskedFrontier = plan.given[moved[front]]
    others = cut.indices.dropFirst().compactMap { position in
      plan.given[moved[cut[position]]].map { (position, $0) }
    }
    heads = headNodes.compactMap { head in
      // A head whose result nobody needs is not there.
      guard let sums = plan.given[head.entry] else { return nil }
      let kept = Place(
        buffer: 0, offset: 0, blockStride: 0,
        image: dk_image(
          height: Int(sums.image.height), width: Int(sums.image.width),
          channels: Int(sums.image.channels), pitch: laneCount, frame: Frame()))
      let axes = merged.nodes[head.node].operation.kernelAxes(over: shape)
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

  /// The layer as a convolution over the frontier, if it is linear in each channel of it.
  private static func headWeights(
    _ node: MergedGraph.Entry, frontier: [Int], reads: [Int]
  ) -> ConvolutionWeights? {
    if case .convolution(let c) = node.operation, c.groups == 1, reads == frontier {
      return ConvolutionWeights(
        kernel: c.kernel, bias: c.bias, dilation: c.dilation, strides: c.strides)
    }
    guard case .dense(let d) = node.operation else { return nil }
    let (height, width, channels) = Place.extents(of: frontier)
    // Behind a flattening it is a convolution whose window is the whole image.
    let window = reads.count == 1 ? [height, width] : [1, 1]
    return ConvolutionWeights(
      kernel: Tensor(shape: window + [channels, d.kernel.shape[1]], values: d.kernel.values),
      bias: d.bias)
  }
}
