extension Graph {
  /// Multiply-adds for one image, as an ``Executor`` runs the graph by itself: nodes that the
  /// scores need, and with `sharing` equal ones once.
  package func executedMultiplyAdds(sharing: Bool = true) -> Int {
    let merged = Merged([Normalized(self)], sharing: sharing)
    let isNeeded = merged.nodes.isNeeded(for: merged.scores)
    return merged.nodes.indices.reduce(0) {
      isNeeded[$1] ? $0 + merged.nodes.multiplyAdds(of: $1) : $0
    }
  }
}
