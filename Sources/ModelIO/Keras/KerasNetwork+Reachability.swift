extension KerasNetwork {
  /// Returns the calls that the output depends on, in file order, without the input's.
  func reachableCalls() throws(KerasError) -> [KerasCall.Source] {
    let layers = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
    var seen: Set<KerasCall.Source> = []
    var stack = [output]
    while let source = stack.popLast() {
      guard let layer = layers[source.layer] else {
        throw KerasError("a layer reads '\(source.layer)', which does not exist")
      }
      guard seen.insert(source).inserted, layer.name != input else { continue }
      guard layer.calls.indices.contains(source.call) else {
        throw KerasError(layer, "its call \(source.call) is read but not described")
      }
      stack += layer.calls[source.call].inputs
    }
    return self.layers.flatMap { layer in
      layer.calls.indices.map { KerasCall.Source(layer: layer.name, call: $0) }
    }.filter { seen.contains($0) && $0.layer != input }
  }

  /// Returns findings about layers that the output does not depend on, including those of nested
  /// models.
  ///
  /// - Parameter path: The names of the enclosing models.
  func unreachable(in path: [String] = []) throws(KerasError) -> [Finding] {
    let reachable = Set(try reachableCalls())
    var findings: [Finding] = []
    for layer in layers where layer.name != input {
      let place = (path + [abbreviated(layer.name)]).joined(separator: "/")
      let title = "layer '\(place)' (\(abbreviated(layer.className))):"
      let dead = layer.calls.indices.filter {
        !reachable.contains(KerasCall.Source(layer: layer.name, call: $0))
      }
      if dead.count == layer.calls.count {
        findings.append(
          Finding(
            .graphUnreachable, at: place,
            "\(title) the output does not depend on it; it is left out"
          ))
      } else if !dead.isEmpty {
        findings.append(
          Finding(
            .graphUnreachable, at: place,
            "\(title) the output does not depend on \(dead.count) of its \(layer.calls.count) "
              + "calls")
        )
      }
      if let inner = layer.network {
        findings += try inner.unreachable(in: path + [abbreviated(layer.name)])
      }
    }
    return findings
  }

  /// Returns findings about Keras's own layers that the output depends on and this package cannot
  /// run.
  ///
  /// This check precedes the matching of weights, which does not know the weights of these layers.
  func unsupported() throws(KerasError) -> [Finding] {
    let reachable = Set(try reachableCalls().map(\.layer))
    var findings: [Finding] = []
    for layer in layers where reachable.contains(layer.name) {
      // Layers that are not Keras's own have another finding.
      let isSupported = layer.isSupported
      if !isSupported, KerasClasses.isLayer(layer.className) {
        findings.append(KerasError(layer, Self.notSupported, rule: .kerasUnsupported).finding)
      }
      if let inner = layer.network {
        findings += try inner.unsupported()
      }
    }
    return findings
  }

  static let notSupported = "this class of layer is not supported"
}
