/// The cut set of a sweep, which separates a model after the frontier.
struct CutSet: Sendable {
  /// The nodes computed before the frontier and read after it: the frontier, then those that bypass
  /// it.
  let nodes: [Int]
  /// The shapes of their values.
  let shapes: [[Int]]
  /// By node of the model: whether it depends on the frontier; false for the frontier itself.
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

  /// The number of elements of the cut set's values for an image.
  var elementCount: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }

  /// Returns the buffer view of a value of the cut set for a group: value after value, each block
  /// by block, without a border.
  func cutView(_ position: Int, blocks: Int) -> BufferView {
    let before = shapes[..<position].reduce(0) { $0 + $1.reduce(1, *) }
    return BufferView(start: before * blocks * laneCount, shape: shapes[position], isLasting: true)
  }
}
