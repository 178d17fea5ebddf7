extension KerasNetwork {
  /// Returns the indices of a functional model's layers in the order of Keras's `model.layers`, by
  /// which Keras assigns weights.
  ///
  /// Layers come in order of decreasing distance from the outputs, among equals in the order in
  /// which a search from the outputs visits them; layers that no output depends on come last, in
  /// file order. Otherwise the order in the configuration does not matter
  /// (`_map_graph_network` of Keras 2, `map_graph` of Keras 3).
  ///
  /// - Throws: ``KerasError`` if a layer reads a missing layer, or its own result.
  static func order(
    of layers: [KerasLayer], input: String, outputs: [KerasCall.Source]
  ) throws(KerasError) -> [Int] {
    let search = try Search(layers, input: input, outputs: outputs)
    // The depth of a layer is that of its farthest use so far; later uses are at least as deep.
    var useDepths: [KerasCall.Source: Int] = [:]
    var depths = [Int?](repeating: nil, count: layers.count)
    for use in search.finished.reversed() {
      guard let layer = search.positions[use.layer] else { continue }
      let depth = max(useDepths[use, default: 0], depths[layer] ?? 0)
      depths[layer] = depth
      useDepths[use] = depth
      for source in search.sources(of: use) {
        useDepths[source] = max(useDepths[source, default: 0], depth + 1)
      }
    }
    func rank(_ layer: Int) -> (Int, Int) {
      guard let depth = depths[layer], let met = search.met[layers[layer].name] else {
        return (.max, layer)
      }
      return (-depth, met)
    }
    return layers.indices.sorted { rank($0) < rank($1) }
  }

  /// A depth-first search from the outputs through all calls that they depend on.
  private struct Search {
    let layers: [KerasLayer]
    let input: String
    /// The calls that the search has entered, and whether it has left them.
    private var isFinished: [KerasCall.Source: Bool] = [:]
    let positions: [String: Int]
    /// The calls, each after those that it reads.
    private(set) var finished: [KerasCall.Source] = []
    /// The rank of each layer in the order of first visits.
    private(set) var met: [String: Int] = [:]

    init(
      _ layers: [KerasLayer], input: String, outputs: [KerasCall.Source]
    ) throws(KerasError) {
      self.layers = layers
      self.input = input
      positions = Dictionary(layers.enumerated().map { ($1.name, $0) }) { first, _ in first }
      for output in outputs where isFinished[output] == nil { try run(from: output) }
    }

    /// Returns the tensors that a call reads; none for the input.
    func sources(of use: KerasCall.Source) -> [KerasCall.Source] {
      guard use.layer != input, let position = positions[use.layer] else { return [] }
      return layers[position].calls[use.call].inputs
    }

    /// Iterative, since a hostile file could drive a recursion too deep.
    private mutating func run(from output: KerasCall.Source) throws(KerasError) {
      var stack: [(use: KerasCall.Source, sources: [KerasCall.Source], next: Int)] = []
      func enter(_ use: KerasCall.Source) throws(KerasError) {
        guard let position = positions[use.layer] else {
          throw KerasError("a layer reads '\(abbreviated(use.layer))', which does not exist")
        }
        if use.layer != input, !layers[position].calls.indices.contains(use.call) {
          throw KerasError(layers[position], "its call \(use.call) is read but not described")
        }
        if met[use.layer] == nil { met[use.layer] = met.count }
        isFinished[use] = false
        stack.append((use, sources(of: use), 0))
      }
      try enter(output)
      while let top = stack.last {
        guard top.next < top.sources.count else {
          isFinished[top.use] = true
          finished.append(top.use)
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let source = top.sources[top.next]
        switch isFinished[source] {
        case true?: break
        case false?:
          throw KerasError(
            "layer '\(abbreviated(source.layer))': it reads its own output; the file is damaged")
        case nil: try enter(source)
        }
      }
    }
  }
}
