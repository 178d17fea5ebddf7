/// The same elements for every image, such as a table of positions. Training does not change them.
public struct ConstantValue: Sendable, Hashable {
  /// The elements, in the result's shape.
  public var tensor: Tensor

  /// Creates a constant.
  public init(_ tensor: Tensor) { self.tensor = tensor }
}

extension ConstantValue: OperationFacts {
  package var operation: Graph.Operation { .constantValue(self) }
  package var displayName: String { "constant" }
  package var channelRelation: ChannelRelation { .mixed }
  package var keepsZeros: Bool { false }
  package var ignoresInput: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard (1...8).contains(tensor.shape.count), tensor.shape.allSatisfy({ $0 > 0 }) else {
      throw OperationError("it has no elements in a shape of \(tensor.shape)")
    }
    return tensor.shape
  }

  package var coefficients: [Coefficients] {
    [Coefficients(name: "constant", values: tensor.values)]
  }
}
