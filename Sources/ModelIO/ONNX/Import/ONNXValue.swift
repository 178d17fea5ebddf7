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

  init(values: [ONNXExtent], isScalar: Bool = false) {
    self.values = values
    self.isScalar = isScalar
  }

  /// Takes the values in a range; negative bounds count from the end, and bounds outside of the list
  /// are moved to its ends.
  init(values: [ONNXExtent], from start: Int, to end: Int) {
    let count = values.count
    func place(_ bound: Int) -> Int { min(max(bound < 0 ? bound + count : bound, 0), count) }
    self.values = place(start) < place(end) ? Array(values[place(start)..<place(end)]) : []
  }

  /// The values as numbers; nil if one is the number of images.
  var numbers: [Int]? {
    var result: [Int] = []
    for case .number(let number) in values { result.append(number) }
    return result.count == values.count ? result : nil
  }
}
