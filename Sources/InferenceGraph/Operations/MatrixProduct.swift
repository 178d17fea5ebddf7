/// The matrix products of two inputs, `[..., rows, n]` and `[..., n, columns]`; the axes in front are
/// equal, with a product for each position on them.
struct MatrixProduct: OperationFacts {
  var operation: Graph.Operation { .matrixProduct }
  var displayName: String { "matrix product" }
  var readsSeveral: Bool { true }
  var channelRelation: ChannelRelation { .mixed }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs.count == 2, inputs.allSatisfy({ $0.count >= 2 }),
      inputs[0].dropLast(2) == inputs[1].dropLast(2),
      inputs[0][inputs[0].count - 1] == inputs[1][inputs[1].count - 2]
    else { throw OperationError("inputs of shapes \(inputs) cannot be multiplied as matrices") }
    return inputs[0].dropLast() + [inputs[1][inputs[1].count - 1]]
  }

  func multiplyAdds(input: [Int], output: [Int]) -> Int {
    output.reduce(1, *) * (input.last ?? 1)
  }
}
