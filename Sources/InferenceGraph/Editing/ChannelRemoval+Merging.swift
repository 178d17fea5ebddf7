extension ChannelRemoval {
  /// Returns the constants of a sum or a product.
  ///
  /// Removes a channel if all operands lose it, and a channel of a product also if one operand
  /// loses a channel of zeros. The other operands of the product (gates) must then lose the channel
  /// too.
  func combined(_ index: Int) throws(RemovalObstacle) -> [Int: ConstantChannel] {
    let node = graph.nodes[index]
    let isProduct = node.operation == .multiply
    var result: [Int: ConstantChannel] = [:]
    let touched = Set(node.inputs.flatMap { constants[$0].keys })
    var gates: [Int: Set<Int>] = [:]
    for channel in touched.sorted() {
      // The constant of each operand in this channel; an operand of one channel is broadcast.
      let parts = node.inputs.map {
        (input: $0, constant: constants[$0][graph.nodes[$0].channels == 1 ? 0 : channel])
      }
      let removed = parts.filter { $0.constant?.isRemoved == true }
      let known = parts.compactMap { part in
        part.constant.map { $0.with(repeated($0.values, of: part.input, in: index)) }
      }
      if known.count == parts.count, removed.isEmpty || removed.count == parts.count {
        result[channel] = merged(known, by: node.operation)
        continue
      }
      guard !removed.isEmpty else { continue }
      let origins = Set(removed.flatMap { $0.constant?.origins ?? [] })
      if isProduct, let zero = removed.compactMap(\.constant).first(where: \.isZero) {
        let others = parts.filter {
          $0.constant?.isRemoved != true && graph.nodes[$0.input].channels > 1
        }
        for other in others { gates[other.input, default: []].insert(channel) }
        if others.isEmpty {
          let zeros = Array(repeating: 0.0, count: node.elementCount / node.channels)
          result[channel] = zero.with(zeros)
        }
        continue
      }
      // One operand keeps the channel as a carrier, so the other operands must keep it too.
      if known.count == parts.count {
        throw .needsCarriers(origins, reason: refusal(index, origins, "they carry constants"))
      }
      let others = parts.filter { $0.constant?.isRemoved != true }.map {
        "'\(graph.nodes[$0.input].name)'"
      }
      let verb =
        node.operation == .add
        ? "adds to them" : isProduct ? "multiplies them with" : "compares them with"
      throw .impossible(
        refusal(
          index, origins,
          "it \(verb) \(others.joined(separator: " and ")), which keeps the same channels"))
    }
    if let gate = gates.min(by: { $0.key < $1.key }) {
      throw .gate(multiply: index, operand: gate.key, channels: gate.value)
    }
    return result
  }

  private func merged(_ parts: [ConstantChannel], by operation: Graph.Operation) -> ConstantChannel
  {
    parts.dropFirst().reduce(parts[0]) { sum, part in
      var next = sum.with(zip(sum.values, part.values).map { operation.combining($0, $1) })
      next.origins.formUnion(part.origins)
      return next
    }
  }

  /// Returns an operand's values at every position of the result, with axes of extent 1 broadcast.
  private func repeated(_ values: [Double], of input: Int, in index: Int) -> [Double] {
    let shape = graph.nodes[index].shape.dropLast()
    let own = graph.nodes[input].shape.dropLast()
    if Array(shape) == Array(own) { return values }
    return (0..<shape.reduce(1, *)).map { position in
      var rest = position
      var source = 0
      var step = 1
      for (extent, mine) in zip(shape, own).reversed() {
        let coordinate = rest % extent
        rest /= extent
        source += (mine == 1 ? 0 : coordinate) * step
        step *= mine
      }
      return values[source]
    }
  }
}
