extension Graph {
  /// Returns the node that the layers behind `layer` read.
  ///
  /// From the layer it follows the graph as long as one node alone reads on and keeps channels
  /// apart: activation, pooling (windowed or global), batch normalization, rescaling, and layers
  /// that do nothing at inference. In DeepID the frontier of `conv_3` is `pool_3`, which `flatten_1`
  /// and `conv_4` read. Zero padding is not passed: it belongs to the convolution behind it.
  ///
  /// - Throws: ``GraphError`` if there is no such layer or it has no channels of its own.
  public func frontier(of layer: String) throws(GraphError) -> String {
    var index = try indexOfChannelLayer(layer, [])
    let consumers = consumers
    while index != output, consumers[index].count == 1 {
      let next = nodes[consumers[index][0]]
      guard next.operation.keepsChannelsApart, next.activation.isElementwise else { break }
      index = consumers[index][0]
    }
    return nodes[index].name
  }

  /// The last convolution on the way to the output, the default layer for pruning.
  ///
  /// Every image goes through the *trunk*: up to the last node with an image as its result
  /// (`[height, width, channels]`) that lies on every path from the input to the output. The last
  /// convolution is the one in the trunk with the most convolutions in front of it (along the
  /// longest path); among equals, the later one.
  ///
  /// In DeepID, `pool_3` is read by `flatten_1` and by `conv_4`, and both ways meet only as vectors:
  /// the trunk ends at `pool_3`, and the last convolution is `conv_3`, not `conv_4`, which half of
  /// the features bypass. In plain networks (VGG, MobileNet) it is the last one in front of the
  /// flattening or global pooling; in residual ones, whose sums are images, the last one of the last
  /// block's longer branch.
  ///
  /// Convolutions whose channels are the classes don't count, nor do those over a single pixel,
  /// which are dense layers in effect (squeeze-and-excitation, heads), unless there are no others.
  /// Where the trunk holds none, the whole network is searched. Nil if there is no convolution.
  public var lastConvolution: String? {
    let all = convolutionsTowardsOutput
    let trunk = ancestors(of: trunkEnd)
    let wide = all.filter {
      nodes[nodes[$0].inputs[0]].elementCount > nodes[nodes[$0].inputs[0]].channels
    }
    let depths = convolutionDepths
    for candidates in [wide.filter { trunk[$0] }, wide, all.filter { trunk[$0] }, all] {
      if let last = candidates.max(by: { (depths[$0], $0) < (depths[$1], $1) }) {
        return nodes[last].name
      }
    }
    return nil
  }

  /// The convolutions on a way to the output whose channels are not the classes.
  private var convolutionsTowardsOutput: [Int] {
    let reaching = reachingOutput
    return nodes.indices.filter {
      nodes[$0].operation.isConvolution && reaching[$0] && !isHead($0)
    }
  }

  /// The last node with an image as its result that all paths to the output go through.
  private var trunkEnd: Int { bottlenecks.last { nodes[$0].shape.count == 3 } ?? 0 }

  /// The number of convolutions on the longest path to each node, its own included.
  private var convolutionDepths: [Int] {
    var depths = Array(repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      let before = node.inputs.map { depths[$0] }.max() ?? 0
      depths[index] = before + (node.operation.isConvolution ? 1 : 0)
    }
    return depths
  }

  /// For each node whether `index` depends on it; a node depends on itself.
  func ancestors(of index: Int) -> [Bool] {
    var found = Array(repeating: false, count: nodes.count)
    found[index] = true
    for i in stride(from: index, through: 0, by: -1) where found[i] {
      for input in nodes[i].inputs { found[input] = true }
    }
    return found
  }

  /// For each node whether the output depends on it.
  package var reachingOutput: [Bool] { ancestors(of: output) }

  /// Whether the output can be reached from a node without another layer that mixes channels.
  func isHead(_ index: Int) -> Bool {
    var reached = Array(repeating: false, count: nodes.count)
    reached[index] = true
    for i in nodes.indices where i > index && nodes[i].operation.facts.channelRelation != .mixed {
      reached[i] = nodes[i].inputs.contains { reached[$0] }
    }
    return reached[output]
  }
}
