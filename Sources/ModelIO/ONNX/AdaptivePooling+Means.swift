import InferenceGraph

extension AdaptivePooling {
  /// Returns the matrix `[from, to]` that a line of numbers is multiplied by for the means of its
  /// windows.
  static func means(from: Int, to: Int) -> [Float] {
    var values = [Float](repeating: 0, count: from * to)
    for column in 0..<to {
      let window = window(column, from: from, to: to)
      for row in window { values[row * to + column] = 1 / Float(window.count) }
    }
    return values
  }
}

extension ONNXCatalogue {
  /// Appends an average pooling to a fixed size: windows where the sizes divide, else a product with
  /// a matrix along each axis, which ``ONNXPatterns`` takes for a pooling.
  ///
  /// - Parameters:
  ///   - image: The name of the image.
  ///   - from: The image's height and width.
  ///   - name: The name of the layer.
  /// - Returns: The name of the result.
  mutating func appendPooling(
    _ pooling: AdaptivePooling, of image: String, from: [Int], as name: String
  ) -> String {
    let to = [pooling.height, pooling.width]
    if zip(from, to).allSatisfy({ $0.isMultiple(of: $1) }) {
      let window = zip(from, to).map { Int64($0 / $1) }
      return append(
        "AveragePool", [image],
        [("kernel_shape", .integers(window)), ("strides", .integers(window))], name)
    }
    var result = image
    // Columns, then rows.
    for (axis, part) in [(1, "columns"), (0, "rows")] {
      let means = AdaptivePooling.means(from: from[axis], to: to[axis])
      let tensor = ONNXTensor(
        type: ONNXElementType.float.rawValue, shape: [Int64(from[axis]), Int64(to[axis])],
        storage: .decoded(
          means.flatMap { value in
            (0..<UInt32(4)).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
          }))
      let matrix = append("Constant", [], [("value", .tensor(tensor))], name, "\(part)_means")
      let product = append("MatMul", [result, matrix], [], name, part)
      result = append(
        "Transpose", [product], [("perm", .integers([0, 1, 3, 2]))], name,
        axis == 1 ? "turned" : nil)
    }
    return result
  }

  private mutating func append(
    _ operation: String, _ inputs: [String], _ attributes: [(String, ONNXAttribute.Content)],
    _ name: String, _ part: String? = nil
  ) -> String {
    let output = "\(name):\(part ?? "out")"
    nodes.append(
      Node(making: part.map { "\(name)/\($0)" } ?? name, operation, of: inputs, output, attributes))
    return output
  }
}
