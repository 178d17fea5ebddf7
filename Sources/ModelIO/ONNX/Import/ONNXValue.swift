/// A value of an ONNX network while it becomes a graph.
enum ONNXValue {
  /// The result of a node of the graph.
  case activation(ONNXActivation)
  /// Floating-point numbers that do not depend on the image.
  case constant(ONNXConstant)
  /// Integers that do not depend on the image's contents.
  case integers(ONNXIntegers)
}

/// The result of a node of the graph, and the order of its elements.
struct ONNXActivation: Equatable {
  let node: Int
  let layout: ONNXLayout
}

/// A list of integers, or a single one without an axis.
struct ONNXIntegers: Equatable {
  var values: [ONNXExtent]
  var isScalar = false

  /// The values as numbers; nil if one is the number of images.
  var numbers: [Int]? {
    var result: [Int] = []
    for case .number(let number) in values { result.append(number) }
    return result.count == values.count ? result : nil
  }
}
