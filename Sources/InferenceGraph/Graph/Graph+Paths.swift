extension Graph {
  /// Returns the node at which the consumers of `layer` read it.
  ///
  /// Starting at the layer, follows the graph while there is exactly one consumer and it keeps
  /// channels apart: activation, pooling (windowed or global), batch normalization, rescaling, and
  /// layers that do nothing at inference. Stops before zero padding, which belongs to the next
  /// convolution. In DeepID the frontier of `conv_3` is `pool_3`, which `flatten_1` and `conv_4`
  /// read.
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

  /// The last convolution before the output, the default layer for pruning; nil if there is none.
  ///
  /// The *trunk* is the part of the network that every image passes: it ends at the last node on
  /// all paths from input to output whose result is an image (`[height, width, channels]`). The
  /// last convolution is the one in the trunk with the most convolutions before it on the longest
  /// path; ties go to the later one.
  ///
  /// In DeepID, `flatten_1` and `conv_4` both read `pool_3`, and the two branches meet only as
  /// vectors. The trunk therefore ends at `pool_3`, and the last convolution is `conv_3`, not
  /// `conv_4`, which half of the features bypass. In plain networks (VGG, MobileNet) it is the last
  /// one before flattening or global pooling; in residual networks, whose sums are images, it is
  /// the last one of the last block's longer branch.
  ///
  /// Convolutions whose channels are the classes are excluded. Convolutions over a single pixel
  /// (squeeze-and-excitation, classifier heads) act as dense layers and count only if there are no
  /// others. If the trunk has no convolution, the search covers the whole network.
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

  /// The convolutions that the output depends on, except those whose channels are the classes.
  private var convolutionsTowardsOutput: [Int] {
    let reaching = reachingOutput
    return nodes.indices.filter {
      nodes[$0].operation.isConvolution && reaching[$0] && !isHead($0)
    }
  }

  /// The last node on all paths to the output whose result is an image.
  private var trunkEnd: Int { cutNodes.last { nodes[$0].shape.count == 3 } ?? 0 }

  /// The number of convolutions on the longest path to each node, including the node itself.
  private var convolutionDepths: [Int] {
    var depths = Array(repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      let before = node.inputs.map { depths[$0] }.max() ?? 0
      depths[index] = before + (node.operation.isConvolution ? 1 : 0)
    }
    return depths
  }

  /// Returns, for each node, whether the node `index` depends on it. A node depends on itself.
  func ancestors(of index: Int) -> [Bool] {
    var found = Array(repeating: false, count: nodes.count)
    found[index] = true
    for i in stride(from: index, through: 0, by: -1) where found[i] {
      for input in nodes[i].inputs { found[input] = true }
    }
    return found
  }

  /// Whether the output depends on each node.
  package var reachingOutput: [Bool] { ancestors(of: output) }

  /// Whether a path leads from the node to the output without another layer that mixes channels.
  func isHead(_ index: Int) -> Bool {
    var reached = Array(repeating: false, count: nodes.count)
    reached[index] = true
    for i in nodes.indices where i > index && nodes[i].operation.facts.channelRelation != .mixed {
      reached[i] = nodes[i].inputs.contains { reached[$0] }
    }
    return reached[output]
  }
}
