/// Where a sweep cuts a model in two: behind the frontier.
struct SweepCut: Sendable {
  /// What is read behind the frontier and computed before: the frontier, then what bypasses it.
  let nodes: [Int]
  /// The shapes of their values.
  let shapes: [[Int]]
  /// By node of the model: whether it depends on the frontier, which itself doesn't count.
  let isBehind: [Bool]
  /// The node of the class scores.
  let scores: Int

  init(_ model: [IRNode], frontier: Int, scores: Int) {
    var isBehind = Array(repeating: false, count: model.count)
    var cut = [frontier]
    for index in model.indices where index > frontier {
      let inputs = model[index].inputs
      isBehind[index] = inputs.contains { $0 == frontier || isBehind[$0] }
      guard isBehind[index], index <= scores else { continue }
      for input in inputs where input != frontier && !isBehind[input] && !cut.contains(input) {
        cut.append(input)
      }
    }
    nodes = cut
    shapes = cut.map { model[$0].shape }
    self.isBehind = isBehind
    self.scores = scores
  }

  /// The frontier's node.
  var frontier: Int { nodes[0] }

  /// Elements of an image's values in the cut.
  var elementCount: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  /// Where a value of the cut is kept for a group: values one after another, each block by block,
  /// without a frame.
  func keptPlace(_ position: Int, blocks: Int) -> Place {
    let before = shapes[..<position].reduce(0) { $0 + $1.reduce(1, *) }
    return Place(start: before * blocks * laneCount, shape: shapes[position], isLasting: true)
  }
}

/// The checks of a sweep's graphs, by what they mean.
struct SweepChecks: Sendable {
  /// In the prefix: those that decide whether the unmasked model gives a class.
  let all: [Int]
  /// In the prefix: those of values that no masking changes. Where one fails, no step gives a class.
  let fixed: [Int]
  /// In the prefix: those that the values at the frontier depend on.
  let beforeFrontier: [Int]
  /// In the suffix: those that decide for a masked model.
  let suffix: [Int]

  init(_ cut: SweepCut, prefix: Fused, suffix: Fused) {
    let all = prefix.checks(behind: prefix.index[cut.scores]!)
    self.all = all
    beforeFrontier = prefix.checks(behind: prefix.index[cut.frontier]!)
    self.suffix = suffix.checks(behind: suffix.index[cut.scores]!)
    let changing = cut.isBehind.indices.filter { cut.isBehind[$0] || $0 == cut.frontier }
      .compactMap { prefix.index[$0] }
    fixed = all.filter { !changing.contains(prefix.checked[$0]) }
  }
}
