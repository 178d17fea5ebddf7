/// The sum of all inputs; axes of extent 1 are broadcast.
struct Add: OperationFacts {
  var operation: Graph.Operation { .add }
  var displayName: String { "add" }
  var readsSeveral: Bool { true }
  var channelRelation: ChannelRelation { .combined }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    try broadcastShape(inputs)
  }
}

/// The product of all inputs; axes of extent 1 are broadcast.
struct Multiply: OperationFacts {
  var operation: Graph.Operation { .multiply }
  var displayName: String { "multiply" }
  var readsSeveral: Bool { true }
  var channelRelation: ChannelRelation { .combined }
  var keepsZeros: Bool { true }
  var carriesVariance: Bool { false }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    try broadcastShape(inputs)
  }
}

/// The elementwise maximum or minimum of all inputs; axes of extent 1 are broadcast.
struct Extremum: OperationFacts {
  let isLargest: Bool

  var operation: Graph.Operation { isLargest ? .maximum : .minimum }
  var displayName: String { isLargest ? "maximum" : "minimum" }
  var readsSeveral: Bool { true }
  var channelRelation: ChannelRelation { .combined }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    try broadcastShape(inputs)
  }
}

/// The concatenation of the inputs along the last axis.
struct Concatenate: OperationFacts {
  var operation: Graph.Operation { .concatenate }
  var displayName: String { "concatenate" }
  var readsSeveral: Bool { true }
  var channelRelation: ChannelRelation { .rearranged }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs.allSatisfy({ $0.dropLast() == inputs[0].dropLast() && !$0.isEmpty }) else {
      throw OperationError("inputs of shapes \(inputs) cannot be concatenated")
    }
    return inputs[0].dropLast() + [inputs.reduce(0) { $0 + $1[$1.count - 1] }]
  }
}

extension Graph.Operation {
  /// Returns the result of a ``ChannelRelation/combined`` operation for two elements.
  func combining(_ a: Double, _ b: Double) -> Double {
    if self == .multiply { return a * b }
    if self == .maximum { return Swift.max(a, b) }
    if self == .minimum { return Swift.min(a, b) }
    return a + b
  }
}

/// Returns the shape that all inputs broadcast to.
private func broadcastShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
  var shape = inputs[0]
  for other in inputs.dropFirst() {
    guard other.count == shape.count,
      zip(shape, other).allSatisfy({ $0 == $1 || $0 == 1 || $1 == 1 })
    else { throw OperationError("inputs of shapes \(inputs) cannot be combined") }
    shape = zip(shape, other).map { Swift.max($0, $1) }
  }
  return shape
}
