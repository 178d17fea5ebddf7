internal import DefenseKit

extension PluginChecks {
  func checkRepairs() throws {
    let rule = PluginRule.repairs
    let plugin = try makePlugin(for: rule)
    var count = 0
    try forEachTrial(rule) { trial in
      let materials = try trial.materials.copied()
      let repairs = try onOwnThread(deadline: deadline) {
        try Trial.repairs(by: plugin, materials, Conditions())
      }
      count += repairs.count
      for (number, repair) in repairs.enumerated() {
        try check(repair, "repair \(number) of \(trial.name)", materials)
      }
    }
    if count == 0 {
      throw broken(
        rule, "it repaired none of the toy networks",
        "give PluginChecks options with which it repairs one")
    }
  }

  private func check(_ repair: Repair, _ title: String, _ materials: Materials) throws {
    func fail(_ observed: String, _ advice: String) -> BrokenRule {
      broken(.repairs, "\(title) \(observed)", advice)
    }
    let suspect = materials.models[0]
    guard repair.defense == name else {
      throw fail("is by '\(repair.defense)'", "pass Self.name as the repair's defense")
    }
    let (model, graph) = (repair.model, repair.model.graph)
    guard graph.inputShape == suspect.graph.inputShape else {
      throw fail(
        "takes images of shape \(graph.inputShape), the suspect \(suspect.graph.inputShape)",
        "edit a copy of the suspect")
    }
    guard model.classCount == suspect.classCount else {
      throw fail(
        "has \(model.classCount) classes, the suspect \(suspect.classCount)",
        "edit a copy of the suspect")
    }
    guard model.preprocessing == suspect.preprocessing else {
      throw fail(
        "prepares images by \(model.preprocessing), the suspect by \(suspect.preprocessing)",
        "edit a copy of the suspect and keep its preprocessing")
    }
    for node in graph.nodes {
      guard node.operation.weights.allSatisfy({ $0.firstNonFinite == nil }) else {
        throw fail(
          "has weights in layer '\(node.name)' that are not finite",
          "check divisors, and throw an error if the weights cannot be repaired")
      }
    }
    for pruned in repair.pruned {
      try check(pruned, of: suspect.graph, fail)
      guard graph.isWithout(pruned) else {
        throw fail(
          "reports that channels \(pruned.channels) of layer '\(pruned.layer)' were pruned, but "
            + "some have weights",
          "prune with Graph.masking(_:of:) or Graph.masking(_:ofNormalization:), and report the "
            + "same channels")
      }
    }
    let count = materials.clean?.count ?? 0
    guard repair.heldOut.areAscending(under: count) else {
      throw fail(
        "reports held-out images that do not exist or are not in ascending order",
        "report their positions in the clean images, ascending, from 0 to \(count - 1)")
    }
    guard let claimed = repair.clean else {
      throw fail(
        "does not report its accuracy on the clean images",
        "count with CleanCounts(of:on:in:), on the returned model and all clean images")
    }
    let counts = try CleanCounts(
      of: model, on: materials.clean(), in: Conditions().context)
    guard claimed == counts else {
      throw fail(
        "reports \(claimed.correct) of \(claimed.images) clean images correct, but it is "
          + "\(counts.correct) of \(counts.images)",
        "count with CleanCounts(of:on:in:), on the returned model and all clean images")
    }
  }

  private func check(
    _ pruned: PrunedChannels, of graph: Graph, _ fail: (String, String) -> BrokenRule
  ) throws(BrokenRule) {
    guard let index = graph.index(of: pruned.layer) else {
      throw fail(
        "reports the pruned layer '\(pruned.layer)', which the suspect does not have",
        "report a node of the suspect's graph")
    }
    let total = graph.nodes[index].channels
    guard pruned.total == total else {
      throw fail(
        "reports that layer '\(pruned.layer)' has \(pruned.total) channels, but it has \(total)",
        "report the node's channels")
    }
    if let wrong = pruned.channels.first(where: { !(0..<total).contains($0) }) {
      throw fail(
        "reports that channel \(wrong) of layer '\(pruned.layer)' was pruned, whose channels are 0 "
          + "to \(total - 1)", "count channels from 0")
    }
    guard Set(pruned.channels).count == pruned.channels.count else {
      throw fail(
        "reports a pruned channel of layer '\(pruned.layer)' twice", "report each channel once")
    }
  }
}

extension Graph {
  /// Whether pruned channels have no weights left; also true if they were removed, or their layer
  /// is of a kind that cannot be masked.
  fileprivate func isWithout(_ pruned: PrunedChannels) -> Bool {
    guard let index = index(of: pruned.layer), nodes[index].channels == pruned.total else {
      return true
    }
    let masked =
      (try? masking(pruned.channels, of: pruned.layer, zeroingBias: false))
      ?? (try? masking(pruned.channels, ofNormalization: pruned.layer, zeroingBeta: false))
    return masked.map { $0 == self } ?? true
  }
}
