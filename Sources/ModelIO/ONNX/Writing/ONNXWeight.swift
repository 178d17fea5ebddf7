/// A permutation of the axes of a tensor; see ``permuted(_:_:_:)``.
struct ONNXPermutation: Sendable, Hashable {
  /// The extents before.
  var shape: [Int]
  /// For each axis of the result, the axis before.
  var axes: [Int]

  /// Whether no element moves.
  var isIdentity: Bool { axes == Array(axes.indices) }

  /// The permutation back.
  var inverse: ONNXPermutation {
    var back = axes
    for (new, old) in axes.enumerated() { back[old] = new }
    return ONNXPermutation(shape: axes.map { shape[$0] }, axes: back)
  }

  /// Returns the elements in the new order.
  func callAsFunction(_ values: [Float]) -> [Float] { permuted(values, shape, axes) }
}

/// A weight of the graph as a node of the file reads it.
struct ONNXWeight: Sendable {
  /// The field of the node with the name of the tensor, or of the value computed from it.
  var input: ONNXPlace
  /// The shape that the node can take.
  var shape: [Int]
  /// The type that the node takes.
  var type: ONNXElementType
  /// The permutation from the node's order to the graph's; nil if both are the same.
  var permutation: ONNXPermutation?
  /// The factor from the file's numbers to the graph's; not 0.
  var factor: Float
  /// The place of the elements, if nothing else reads them.
  var stored: ONNXStoredTensor?

  /// Returns elements of the graph in the order and scale of the node.
  func inNode(_ values: [Float]) -> [Float] {
    let values = permutation.map { $0.inverse(values) } ?? values
    return factor == 1 ? values : values.map { $0 / factor }
  }
}
