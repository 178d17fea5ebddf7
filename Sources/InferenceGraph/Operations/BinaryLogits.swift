/// Maps a vector of one element z to (0, z).
struct BinaryLogits: OperationFacts {
  var operation: Graph.Operation { .binaryLogits }
  var displayName: String { "binary logits" }
  var channelRelation: ChannelRelation { .rearranged }
  var keepsZeros: Bool { true }
  var carriesVariance: Bool { false }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs[0] == [1] else {
      throw OperationError("\(displayName) need a vector of one element, not \(inputs[0])")
    }
    return [2]
  }
}
