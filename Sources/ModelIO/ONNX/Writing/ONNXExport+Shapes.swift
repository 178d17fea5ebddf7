import InferenceGraph

/// Operations that move elements.
extension ONNXExport {
  /// Whether an image has the same order of elements with its channels first and last.
  private func keepsOrder(_ shape: [Int]) -> Bool { shape[2] == 1 || shape[0] * shape[1] == 1 }

  /// Returns a value with its channels on the last axis.
  mutating func channelsLast(_ value: String, _ shape: [Int], _ title: String) -> String {
    shape.count == 3
      ? add("Transpose", [value], title, [("perm", .integers([0, 2, 3, 1]))]) : value
  }

  /// Returns a value of a network with channels last as the others are.
  mutating func channelsFirst(_ value: String, _ shape: [Int], _ title: String) -> String {
    shape.count == 3
      ? add("Transpose", [value], title, [("perm", .integers([0, 3, 1, 2]))]) : value
  }

  /// Adds an operation that moves, repeats or leaves out elements.
  mutating func moved(
    _ node: Graph.Node, _ title: String, _ value: String, _ shape: [Int]
  ) -> String {
    switch node.operation {
    case .flatten:
      if shape.count == 1 { return value }
      let ordered =
        shape.count == 3 && !keepsOrder(shape) ? channelsLast(value, shape, title) : value
      return add("Flatten", [ordered], title)
    case .reshape(let target):
      let ordered =
        shape.count == 3 && !keepsOrder(shape) ? channelsLast(value, shape, title) : value
      let isSimple = target.count != 3 || keepsOrder(target)
      let extents = isSimple && target.count == 3 ? [target[2], target[0], target[1]] : target
      let result = add("Reshape", [ordered, constant("\(title).shape", [0] + extents)], title)
      return isSimple ? result : channelsFirst(result, target, title)
    case .zeroPadding(let top, let bottom, let left, let right):
      let pads = constant("\(title).pads", [0, 0, top, left, 0, 0, bottom, right])
      return add("Pad", [value, pads], title)
    case .rearrange(let rearrangement):
      return rearranged(rearrangement, title, value, shape, node.shape)
    case .resize(let r):
      let sizes = constant("\(title).sizes", [shape[2], r.height, r.width])
      return add(
        "Resize", [value, "", "", extents(sizes, after: value, title)], title,
        [("mode", .text("linear")), ("coordinate_transformation_mode", .text("half_pixel"))])
    case .input, .convolution, .depthwiseConvolution, .separableConvolution, .pooling,
      .globalPooling, .adaptivePooling, .dense, .batchNormalization, .layerNormalization,
      .responseNormalization, .parametricReLU, .rescaling, .activation, .add, .multiply, .maximum,
      .minimum, .matrixProduct, .constantValue, .concatenate, .binaryLogits, .trainingOnly:
      preconditionFailure("\(node.operation.displayName) moves no elements")
    }
  }

  /// Returns the number of images of a value, followed by constant extents.
  mutating func extents(_ others: String, after value: String, _ title: String) -> String {
    let batch = add(
      "Slice",
      [
        add("Shape", [value], title), constant("\(title).start", [0]),
        constant("\(title).end", [1]),
      ], title)
    return add("Concat", [batch, others], title, [("axis", .integer(0))])
  }

  /// Adds an average pooling to a fixed size: windows where the sizes divide, else a matrix along
  /// each axis.
  mutating func adaptivePooling(
    _ p: AdaptivePooling, _ title: String, _ value: String, _ shape: [Int]
  ) -> String {
    if shape[0] % p.height == 0, shape[1] % p.width == 0 {
      let window = [shape[0] / p.height, shape[1] / p.width]
      return add(
        "AveragePool", [value], title,
        [("kernel_shape", .integers(window)), ("strides", .integers(window))])
    }
    func means(_ name: String, _ from: Int, _ to: Int) -> String {
      constant("\(title).\(name)", [from, to], AdaptivePooling.means(from: from, to: to))
    }
    let turn: [(name: String, value: Setting)] = [("perm", .integers([0, 1, 3, 2]))]
    let columns = add("MatMul", [value, means("columns", shape[1], p.width)], title)
    let turned = add("Transpose", [columns], title, turn)
    let rows = add("MatMul", [turned, means("rows", shape[0], p.height)], title)
    return add("Transpose", [rows], title, turn)
  }

  /// Adds a constant for every image.
  mutating func constant(_ c: ConstantValue, _ title: String, _ value: String) -> String {
    let shape = c.tensor.shape
    let permutation = shape.count == 3 ? ONNXPermutation(shape: shape, axes: [2, 0, 1]) : nil
    let stored = shape.count == 3 ? [shape[2], shape[0], shape[1]] : shape
    let table = constant("\(title).value", [1] + stored, c.tensor.values, permutation)
    return add(
      "Expand", [table, extents(constant("\(title).shape", stored), after: value, title)], title)
  }

  private mutating func rearranged(
    _ rearrangement: Rearrangement, _ title: String, _ value: String, _ shape: [Int],
    _ result: [Int]
  ) -> String {
    switch rearrangement {
    case .permutation(let axes):
      // The axes in ONNX of the graph's axes, both without the batch.
      let places = shape.count == 3 ? [2, 3, 1] : Array(1...shape.count)
      let order = shape.count == 3 ? [axes[2], axes[0], axes[1]] : axes
      return add(
        "Transpose", [value], title, [("perm", .integers([0] + order.map { places[$0] }))])
    case .cropping(let top, let bottom, let left, let right):
      return add(
        "Slice",
        [
          value, constant("\(title).starts", [top, left]),
          constant("\(title).ends", [shape[0] - bottom, shape[1] - right]),
          constant("\(title).axes", [2, 3]),
        ], title)
    case .repetition, .nearest:
      // Positions instead of factors, so that nothing depends on rounding.
      func positions(_ axis: Int) -> [Int] {
        var line = [1, 1, 1]
        line[axis] = shape[axis]
        var new = [1, 1, 1]
        new[axis] = result[axis]
        let along: Rearrangement =
          switch rearrangement {
          case .repetition(let rows, let columns):
            .repetition(rows: axis == 0 ? rows : 1, columns: axis == 1 ? columns : 1)
          default: .nearest(height: new[0], width: new[1])
          }
        return along.sources(line, new)
      }
      let rows = add(
        "Gather", [value, constant("\(title).rows", positions(0))], title, [("axis", .integer(2))])
      return add(
        "Gather", [rows, constant("\(title).columns", positions(1))], title,
        [("axis", .integer(3))])
    case .selection(let axis, let indices):
      let place = shape.count == 3 ? [2, 3, 1][3 + axis] : shape.count + axis + 1
      return add(
        "Gather", [value, constant("\(title).indices", indices)], title,
        [("axis", .integer(place))])
    case .zeroInsertion(let rows, let columns):
      let channels = shape[2]
      let kernel = constant(
        "\(title).weight", [channels, 1, 1, 1], Array(repeating: 1, count: channels))
      return add(
        "ConvTranspose", [value, kernel], title,
        [("strides", .integers([rows, columns])), ("group", .integer(channels))])
    }
  }
}
