/// All elements as one vector, in row-major order.
struct Flatten: OperationFacts {
  var operation: Graph.Operation { .flatten }
  var displayName: String { "flatten" }
  var channelRelation: ChannelRelation { .rearranged }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    [inputs[0].reduce(1, *)]
  }
}

/// The same elements in another shape.
struct Reshape: OperationFacts {
  let shape: [Int]

  var operation: Graph.Operation { .reshape(shape) }
  var displayName: String { "reshape" }
  var channelRelation: ChannelRelation { .rearranged }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard shape.allSatisfy({ (1...Graph.largestElementCount).contains($0) }), shape.count <= 8,
      shape.reduce(1.0, { $0 * Double($1) }) == Double(inputs[0].reduce(1, *))
    else {
      throw OperationError("\(inputs[0]) cannot be reshaped to \(shape)")
    }
    return shape
  }
}

/// Zeros around an image.
struct ZeroPadding: OperationFacts {
  let top: Int
  let bottom: Int
  let left: Int
  let right: Int

  var operation: Graph.Operation {
    .zeroPadding(top: top, bottom: bottom, left: left, right: right)
  }
  var displayName: String { "zero padding" }
  var channelRelation: ChannelRelation { .rearranged }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let (height, width, channels) = try image(inputs[0])
    guard [top, bottom, left, right].allSatisfy({ (0...65536).contains($0) }) else {
      throw OperationError("a padding of \([top, bottom, left, right]) is out of range")
    }
    return [height + top + bottom, width + left + right, channels]
  }
}
