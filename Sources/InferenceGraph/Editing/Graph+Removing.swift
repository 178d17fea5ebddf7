extension Graph {
  /// Returns the graph without some channels of a layer: equal to that of
  /// ``masking(_:of:zeroingBias:)``, but smaller.
  ///
  /// Every node after the layer is rewritten. Batch normalizations and per-channel factors lose
  /// entries; depthwise and grouped convolutions lose the channels that only a removed one fed;
  /// other convolutions and dense layers lose the kernel slices that read a removed channel, also
  /// through flattening, reshaping and concatenation. If a masked channel is a constant other than
  /// zero (after a sigmoid, or a batch normalization with an offset), the constant moves into the
  /// biases of the layers that read it; a layer without a bias gets one. After zero padding no bias
  /// can replace the constant: there one masked channel remains and carries the constants of all
  /// others, so that the result stays exact, and one channel fewer is removed.
  ///
  /// A channel of a depthwise convolution can only be removed together with the channel that it
  /// reads, and a gate (the factor of a squeeze-and-excitation block) loses the channels of the
  /// value that it multiplies. These channels are removed too if nothing else reads them.
  ///
  /// - Throws: ``GraphError``, naming the node at fault: if all channels of a layer or any class
  ///   would be removed, if other operands of a sum or product still have the channel (a residual
  ///   connection), if a softmax or a reshaping mixes the channels, or if groups would lose
  ///   different numbers of channels.
  public func removing(_ channels: [Int], of layer: String) throws(GraphError) -> Graph {
    try removing([layer: channels])
  }

  /// Removes channels of several layers at once, as the operands of a sum require.
  ///
  /// See ``removing(_:of:)``.
  ///
  /// - Parameter channels: The channels to remove from each layer, by the layers' names.
  public func removing(_ channels: [String: [Int]]) throws(GraphError) -> Graph {
    var graph = self
    var cuts: [Int: Set<Int>] = [:]
    var asked: [Int: [Int]] = [:]
    for (layer, list) in channels.sorted(by: { $0.key < $1.key }) where !list.isEmpty {
      asked[try indexOfChannelLayer(layer, list)] = list
    }
    func cut(_ node: Int, _ removed: Set<Int>) throws(GraphError) {
      graph = try graph.masking(removed.sorted(), of: nodes[node].name)
      let all = (cuts[node] ?? []).union(removed)
      cuts[node] = all
      if all.count == nodes[node].channels {
        throw GraphError(
          node: nodes[node].name, "all its channels would be removed; at least one must stay")
      }
      // Input channels that nothing reads any more must be removed too if the layer cannot shrink
      // without them.
      let unread = try unreadInputs(of: node, without: all)
      let makers = try producers(of: unread, at: nodes[node].inputs[0], for: node)
      for (producer, channels) in makers.sorted(by: { $0.key < $1.key })
      where !channels.isSubset(of: cuts[producer] ?? []) {
        try cut(producer, channels)
      }
    }
    for (node, removed) in asked.sorted(by: { $0.key < $1.key }) { try cut(node, Set(removed)) }
    guard !cuts.isEmpty else { return self }

    var carriers: Set<ChannelOfNode> = []
    while true {
      do throws(RemovalObstacle) {
        var removal = ChannelRemoval(graph, cuts: cuts, carriers: carriers)
        return try removal.run()
      } catch {
        switch error {
        case .impossible(let reason): throw reason
        case .gate(let multiply, let operand, let channels):
          let before = cuts
          let makers = try producers(of: channels, at: operand, for: multiply)
          for (producer, channels) in makers.sorted(by: { $0.key < $1.key }) {
            try cut(producer, channels)
          }
          if cuts == before {
            throw GraphError(
              node: nodes[multiply].name,
              "its operands cannot lose the same channels; mask them instead")
          }
        case .needsCarriers(let origins, let reason):
          carriers.formUnion(origins)
          for (node, removed) in cuts
          where removed.allSatisfy({ carriers.contains(ChannelOfNode(node: node, channel: $0)) }) {
            throw reason
          }
        }
      }
    }
  }

  /// Returns the input channels of a depthwise or grouped convolution that only removed channels
  /// read.
  private func unreadInputs(
    of index: Int, without removed: Set<Int>
  ) throws(GraphError) -> Set<Int> {
    let fanOut: Int  // Output channels made from the same input channels,
    let fanIn: Int  // and the number of these.
    let isDepthwise: Bool
    if case .depthwiseConvolution(let c) = nodes[index].operation {
      (fanOut, fanIn, isDepthwise) = (c.kernel.shape[3], 1, true)
    } else if case .convolution(let c) = nodes[index].operation, c.groups > 1 {
      (fanOut, fanIn, isDepthwise) = (c.kernel.shape[3] / c.groups, c.kernel.shape[2], false)
    } else {
      return []
    }
    var unread: Set<Int> = []
    for group in Set(removed.map { $0 / fanOut }) {
      let mine = group * fanOut..<(group + 1) * fanOut
      if mine.allSatisfy({ removed.contains($0) }) {
        unread.formUnion(group * fanIn..<(group + 1) * fanIn)
      } else if isDepthwise {
        throw GraphError(
          node: nodes[index].name,
          "channels \(mine.lowerBound) to \(mine.upperBound - 1) come from the same input channel"
            + " and can only be removed together; mask them instead")
      }
    }
    return unread
  }

  /// Returns the layers, with their channels, that compute these channels of a node.
  ///
  /// - Throws: ``GraphError`` naming `reader` if another node reads the channels too or no layer
  ///   computes them.
  private func producers(
    of channels: Set<Int>, at start: Int, for reader: Int
  ) throws(GraphError) -> [Int: Set<Int>] {
    guard !channels.isEmpty else { return [:] }
    let consumers = consumers
    var result: [Int: Set<Int>] = [:]
    var waiting = [(start, channels)]
    func refuse(_ reason: String) -> GraphError {
      GraphError(
        node: nodes[reader].name,
        "its input channels \(channels.sorted()) cannot be removed: \(reason); mask the channels"
          + " instead")
    }
    while let (index, wanted) = waiting.popLast() {
      let node = nodes[index]
      guard consumers[index].count == 1, index != output else {
        let others = Set(consumers[index].map { nodes[$0].name }).subtracting([nodes[reader].name])
        throw refuse("'\(node.name)' is read by \(others.sorted().joined(separator: ", ")) too")
      }
      let operation = node.operation
      let relation = operation.facts.channelRelation
      if operation == .input {
        throw refuse("they belong to the image")
      } else if operation.hasOwnChannels {
        if relation == .apart {
          waiting.append((node.inputs[0], try unreadInputs(of: index, without: wanted)))
        } else {
          result[index, default: []].formUnion(wanted)
        }
      } else if operation == .concatenate {
        var offset = 0
        for input in node.inputs {
          let mine = offset..<offset + nodes[input].channels
          let part = wanted.filter { mine.contains($0) }
          if !part.isEmpty { waiting.append((input, Set(part.map { $0 - mine.lowerBound }))) }
          offset = mine.upperBound
        }
      } else if relation == .apart
        || relation == .rearranged && operation.keepsLastAxis
          && nodes[node.inputs[0]].channels == node.channels
      {
        waiting.append((node.inputs[0], wanted))
      } else {
        throw refuse("'\(node.name)' (\(operation.displayName)) makes them")
      }
    }
    return result
  }
}
