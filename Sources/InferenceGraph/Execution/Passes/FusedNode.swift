/// A node for a backend: an operation with its epilogue.
struct FusedNode: Sendable {
  /// A basic operation (``Normalized``); `input` for the graph's inputs.
  let operation: Graph.Operation
  /// The indices of the nodes that it reads, all smaller than its own.
  let inputs: [Int]
  /// The shape of the operation's result before the epilogue.
  let operationShape: [Int]
  var epilogue = Epilogue()
  /// The shape of the result after the epilogue.
  var shape: [Int]

  /// Whether the node is an input.
  var isInput: Bool { operation == .input }
}

extension FusedNode {
  init(input shape: [Int]) {
    self.init(operation: .input, inputs: [], operationShape: shape, shape: shape)
  }

  init(_ node: IRNode, inputs: [Int]) {
    self.init(
      operation: node.operation, inputs: inputs, operationShape: node.shape,
      epilogue: Epilogue(activation: node.activation, zeroed: node.zeroed), shape: node.shape)
  }

  /// Moves the only reader of the value into the epilogue; returns false if that is impossible.
  mutating func fuse(_ next: IRNode) -> Bool {
    guard !epilogue.poolsSquares, next.zeroed.isEmpty else { return false }
    let affine = next.operation.facts.affine(channels: next.shape.last ?? 1)
    let isFresh = epilogue.affine == nil && epilogue.activation == .linear
    if let affine, isFresh, next.activation.isElementwise {
      epilogue.affine = affine
      epilogue.activation = next.activation
    } else if next.operation == .activation, epilogue.activation == .linear,
      next.activation.isElementwise
    {
      epilogue.activation = next.activation
    } else if case .pooling(let pooling) = next.operation, next.activation == .linear,
      pooling.kind == .max, pooling.window == Extent(2, 2), pooling.strides == pooling.window,
      pooling.isInside(shape)
    {
      epilogue.poolsSquares = true
    } else {
      return false
    }
    shape = next.shape
    return true
  }
}
