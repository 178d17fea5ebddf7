/// A node as an engine runs it: an operation with its epilogue.
struct FusedNode: Sendable {
  /// A basic one (``Normalized``); `input` for values that are given.
  let operation: Operation
  /// The indices of the nodes it reads, all smaller than its own.
  let inputs: [Int]
  /// The shape of the operation's own result.
  let operationShape: [Int]
  var epilogue = Epilogue()
  /// The shape of the result.
  var shape: [Int]

  /// Whether its value is put in place from outside.
  var isGiven: Bool { operation == .input }
}

extension FusedNode {
  init(given shape: [Int]) {
    self.init(operation: .input, inputs: [], operationShape: shape, shape: shape)
  }

  init(_ node: IRNode, inputs: [Int]) {
    self.init(
      operation: node.operation, inputs: inputs, operationShape: node.shape,
      epilogue: Epilogue(activation: node.activation, zeroed: node.zeroed), shape: node.shape)
  }

  /// Makes the only reader of the value part of the epilogue, and tells whether it can be.
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
