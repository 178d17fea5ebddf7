import InferenceGraph

/// Conversion of explicit padding, which Keras lacks, to layers in front of a node.
extension KerasExport {
  /// Returns the node's operation with a padding that Keras supports, after adding the layers
  /// required.
  ///
  /// - Parameters:
  ///   - inputs: The inputs of the node; updated to the added layers.
  ///   - shape: The shape of the first input.
  mutating func inKerasPadding(
    _ node: Graph.Node, _ name: String, inputs: inout [Int], shape: [Int]
  ) throws(GraphError) -> Graph.Operation {
    guard var window = node.operation.windows, case .explicit = window.padding else {
      return node.operation
    }
    let (rows, columns) = (window.rows(shape[0]), window.columns(shape[1]))
    for padding in [Padding.valid, .same] {
      window.padding = padding
      if window.rows(shape[0]) == rows, window.columns(shape[1]) == columns {
        return node.operation.withPadding(padding)
      }
    }
    if case .pooling(let pooling) = node.operation {
      return .pooling(try inside(pooling, node, name, inputs: &inputs, shape, rows, columns))
    }
    inputs[0] = append(
      KerasExportLayer(
        name: unused("\(name)_padding"), className: "ZeroPadding2D",
        config: Self.borders("padding", rows.before, rows.after, columns.before, columns.after),
        inputs: inputs))
    return node.operation.withPadding(.valid)
  }

  /// Adds pooling with stride 1 and "same" padding, and a cropping layer; returns pooling over 1x1
  /// windows that applies the strides.
  ///
  /// Pixels outside the image do not count, neither for "same" padding nor for explicit padding.
  private mutating func inside(
    _ pooling: Pooling, _ node: Graph.Node, _ name: String, inputs: inout [Int], _ shape: [Int],
    _ rows: WindowAxis, _ columns: WindowAxis
  ) throws(GraphError) -> Pooling {
    let top = (pooling.window.height - 1) / 2 - rows.before
    let left = (pooling.window.width - 1) / 2 - columns.before
    let bottom = shape[0] - 1 - top - (rows.count - 1) * pooling.strides.height
    let right = shape[1] - 1 - left - (columns.count - 1) * pooling.strides.width
    guard [top, bottom, left, right].allSatisfy({ $0 >= 0 }) else {
      throw GraphError(
        node: node.name,
        "its padding reaches further than around the middle of its window, which has no form in"
          + " stock Keras")
    }
    var every = pooling
    every.strides = .one
    every.padding = .same
    let pooled = append(
      node.keras(.pooling(every), name: unused("\(name)_windows"), inputs: inputs))
    inputs[0] = append(
      KerasExportLayer(
        name: unused("\(name)_cropping"), className: "Cropping2D",
        config: Self.borders("cropping", top, bottom, left, right), inputs: [pooled]))
    return Pooling(.max, window: .one, strides: pooling.strides)
  }

  private static func borders(
    _ key: String, _ top: Int, _ bottom: Int, _ left: Int, _ right: Int
  ) -> [String: JSON] {
    [key: [JSON([top, bottom]), JSON([left, right])], "data_format": "channels_last"]
  }
}

extension Graph.Operation {
  /// Returns the operation with another padding if it has windows, else unchanged.
  func withPadding(_ padding: Padding) -> Graph.Operation {
    switch self {
    case .convolution(var c):
      c.padding = padding
      return .convolution(c)
    case .depthwiseConvolution(var c):
      c.padding = padding
      return .depthwiseConvolution(c)
    case .separableConvolution(var s):
      s.depthwise.padding = padding
      return .separableConvolution(s)
    case .pooling(var p):
      p.padding = padding
      return .pooling(p)
    case .input, .globalPooling, .adaptivePooling, .dense, .batchNormalization,
      .layerNormalization, .responseNormalization, .parametricReLU, .rescaling, .flatten, .reshape,
      .zeroPadding, .activation, .add, .multiply, .maximum, .minimum, .matrixProduct,
      .constantValue,
      .concatenate, .rearrange, .resize, .binaryLogits, .trainingOnly:
      return self
    }
  }
}
