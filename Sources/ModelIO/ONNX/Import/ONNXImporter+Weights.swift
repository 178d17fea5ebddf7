import InferenceGraph

/// The file's places of weights, for writing back.
extension ONNXImporter {
  /// Notes that an input of an operator is a weight of a node.
  ///
  /// - Parameters:
  ///   - shape: The weight's shape in the file's order, if it is not the constant's.
  ///   - permutation: The permutation from the file's order to the graph's.
  ///   - factor: The factor from the file's numbers to the graph's.
  mutating func note(
    _ role: WeightRole, of node: Int, from index: Int, of call: ONNXCall, shape: [Int]? = nil,
    _ permutation: ONNXPermutation? = nil, factor: Float = 1
  ) throws {
    guard let constant = try constant(index, of: call) else { return }
    guard factor != 0, factor.isFinite else {
      obstacle = "node '\(call.node.title)' multiplies its constant by \(factor)"
      return
    }
    let name = call.node.inputs[index]
    var weight = ONNXWeight(
      input: call.node.inputPlaces[index],
      shape: shape ?? constant.shape, type: constant.type,
      permutation: permutation.flatMap { $0.isIdentity ? nil : $0 }, factor: factor)
    if readers[name] == 1, weight.shape.reduce(1, *) == constant.count,
      let stored = constant.stored,
      file.isAlone(stored)
    {
      weight.stored = stored
    }
    weights[node, default: [:]][role] = weight
  }

  /// Returns the permutation of a vector of this many elements to the graph's order; nil if it stays.
  func permutation(_ count: Int, _ layout: ONNXLayout) -> ONNXPermutation? {
    guard case .flattened(let image) = layout, image.reduce(1, *) == count else { return nil }
    return ONNXPermutation(shape: [image[2], image[0], image[1]], axes: [1, 2, 0])
  }
}
