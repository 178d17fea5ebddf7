extension Graph {
  /// Returns the number of multiply-adds for one image when an ``Executor`` runs this graph alone.
  ///
  /// Counts the nodes that the scores depend on; with `sharing`, equal nodes count once.
  package func executedMultiplyAdds(sharing: Bool = true) -> Int {
    let merged = Merged([Normalized(self)], sharing: sharing)
    let isNeeded = merged.nodes.isNeeded(for: merged.scores)
    return merged.nodes.indices.reduce(0) {
      isNeeded[$1] ? $0 + merged.nodes.multiplyAdds(of: $1) : $0
    }
  }
}
