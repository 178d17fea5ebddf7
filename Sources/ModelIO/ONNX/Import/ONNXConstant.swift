import InferenceGraph

/// A constant tensor in ONNX's order; its elements are read from the file when they are needed.
struct ONNXConstant {
  /// The source of the elements.
  enum Source {
    case tensor(ONNXTensor)
    case values([Float])
  }

  /// The tensor's name; empty if it has none.
  var name: String
  var shape: [Int]
  var source: Source
  /// The type of the elements in the network.
  var type = ONNXElementType.float
  /// Where the elements lie in the file; nil if they were computed, or are not only this constant's.
  var stored: ONNXStoredTensor?

  /// The number of elements.
  var count: Int { shape.reduce(1, *) }

  /// Returns the elements.
  ///
  /// - Throws: ``ONNXRefusal`` if they are not in the file, or read too often.
  func values(in file: ONNXFile) throws -> [Float] {
    switch source {
    case .tensor(let tensor): return try file.floats(tensor)
    case .values(let values):
      try file.use(values.count, of: name)
      return values
    }
  }
}

extension ONNXConstant {
  /// Returns the elements in another order.
  ///
  /// - Throws: As ``values(in:)``.
  func values(in file: ONNXFile, _ permutation: ONNXPermutation) throws -> [Float] {
    if case .tensor(let tensor) = source { return try file.floats(tensor, permutation) }
    return permutation(try values(in: file))
  }
}

/// Returns elements in row-major order with the axes permuted: axis i of the result is axis
/// `axes[i]` of `shape`.
func permuted(_ values: [Float], _ shape: [Int], _ axes: [Int]) -> [Float] {
  if values.isEmpty || axes == Array(axes.indices) { return values }
  var pitches = Array(repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    pitches[axis] = pitches[axis + 1] * shape[axis + 1]
  }
  let extents = axes.map { shape[$0] }
  let steps = axes.map { pitches[$0] }
  let last = axes.count - 1
  let source = values.span
  var position = Array(repeating: 0, count: axes.count)
  var start = 0
  var result: [Float] = []
  result.reserveCapacity(values.count)
  while true {
    for index in 0..<extents[last] { result.append(source[start + index * steps[last]]) }
    // Advances the position like an odometer, from the last axis but one.
    var axis = last - 1
    while axis >= 0 {
      position[axis] += 1
      start += steps[axis]
      if position[axis] < extents[axis] { break }
      start -= extents[axis] * steps[axis]
      position[axis] = 0
      axis -= 1
    }
    if axis < 0 { return result }
  }
}

extension ONNXConstant {
  /// The largest number of elements of a tensor.
  static let maximumCount = 1 << 31

  /// Returns the extents of a stored tensor.
  ///
  /// - Throws: ``ONNXRefusal`` if their product exceeds any classifier's.
  static func extents(of tensor: ONNXTensor) throws(ONNXRefusal) -> [Int] {
    let count = tensor.shape.reduce(1.0) { $0 * Double($1) }
    guard tensor.shape.allSatisfy({ (0...Int64(maximumCount)).contains($0) }),
      count <= Double(maximumCount)
    else {
      throw ONNXRefusal(
        .onnxSize, at: tensor.name, "tensor '\(abbreviated(tensor.name))' is too large")
    }
    return tensor.shape.map { Int($0) }
  }
}
