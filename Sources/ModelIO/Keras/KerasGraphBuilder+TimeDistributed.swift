import InferenceGraph

/// Layers in `TimeDistributed`: one layer applied to every step along a first axis of fixed extent.
///
/// A pointwise layer is applied to all steps at once. For windows, the steps' images are stacked
/// vertically, with rows of zeros between them so that no window that is kept reads two images; the
/// other windows are cropped.
extension KerasGraphBuilder {
  /// The layers whose result at a position depends only on the channels there.
  private static let pointwise: Set<String> = [
    "Dense", "BatchNormalization", "LayerNormalization", "LayerScale", "Normalization",
    "Rescaling", "Activation", "ReLU", "LeakyReLU", "ThresholdedReLU", "ELU", "Softmax",
  ]

  /// Appends a layer that is applied to every step.
  mutating func timeDistributed(
    _ layer: KerasLayer, _ call: KerasCall, inputs: [Int], path: [String]
  ) throws -> Int {
    func refuse(_ reason: String, _ advice: String? = nil) -> KerasError {
      KerasError(
        layer,
        "\(reason) is not supported within TimeDistributed" + (advice.map { "; \($0)" } ?? ""),
        rule: .kerasUnsupported)
    }
    guard inputs.count == 1, !call.hasConstants else { throw refuse("a call with several tensors") }
    if layer.config["data_format"]?.string == "channels_first" {
      throw refuse("channels_first", "save the model with channels_last layers")
    }
    if Self.composedLayers.contains(layer.className) { throw refuse("a layer of this class") }
    if layer.config["axis"]?.isNull == false {
      guard let axis = try? layer.axis(),
        axis == -1 || axis == graph.nodes[inputs[0]].shape.count - 1
      else { throw refuse("another axis than the last") }
    }
    let shape = graph.nodes[inputs[0]].shape
    guard shape.count >= 2 else { throw refuse("an input of shape \(shape)") }
    let step = Array(shape.dropFirst())
    let operation = KerasOperation(
      layer: layer.replacing(layer.config["axis"] == nil ? [:] : ["axis": -1]), path: path,
      weights: weights, major: major, inputs: [step])
    let (made, activation) = try operation.make()
    if KerasIdentity.isIdentity(layer.className) || Self.pointwise.contains(layer.className) {
      // At most three axes, like an image.
      let rows = shape.count > 3 ? [shape.dropLast(2).reduce(1, *)] + shape.suffix(2) : shape
      let read = try reshaped(inputs[0], rows, layer, path)
      let node = try append(layer, nil, made, [read], path, activation)
      return try reshaped(
        node, Array(shape.dropLast()) + [graph.nodes[node].channels], layer, path)
    }
    switch made {
    case .flatten: return try reshaped(inputs[0], [shape[0], step.reduce(1, *)], layer, path, nil)
    case .reshape(let target): return try reshaped(inputs[0], [shape[0]] + target, layer, path, nil)
    case .globalPooling(let kind, let keepsDimensions):
      guard step.count == 3 else { throw refuse("an input of shape \(shape)") }
      let read = try reshaped(inputs[0], [shape[0], step[0] * step[1], step[2]], layer, path)
      let node = try append(
        layer, nil, .pooling(Pooling(kind, window: Extent(1, step[0] * step[1]))), [read], path)
      return try reshaped(
        node, [shape[0]] + (keepsDimensions ? [1, 1] : []) + [step[2]], layer, path)
    case .convolution, .depthwiseConvolution, .separableConvolution, .pooling:
      guard step.count == 3, let window = made.windows else {
        throw refuse("an input of shape \(shape)")
      }
      // This graph checks the windows over one image.
      var single = try Graph(inputShape: step)
      try single.append(layer.name, made, inputs: [0])
      let down = window.rows(step[0])
      if case .pooling = made, down.before + down.after > 0 {
        throw refuse("pooling with padding above or below", "use padding='valid'")
      }
      return try slide(made, activation, window, down, over: inputs[0], layer, path)
    case .input, .adaptivePooling, .dense, .batchNormalization, .layerNormalization,
      .responseNormalization, .parametricReLU, .rescaling, .zeroPadding, .activation, .add,
      .multiply, .maximum, .minimum, .matrixProduct, .constantValue, .concatenate, .rearrange,
      .resize,
      .binaryLogits, .trainingOnly:
      throw refuse("a layer of this class")
    }
  }

  /// Appends windows that slide over each step's image.
  private mutating func slide(
    _ operation: Graph.Operation, _ activation: Activation, _ window: Window,
    _ down: WindowAxis, over input: Int, _ layer: KerasLayer, _ path: [String]
  ) throws -> Int {
    let shape = graph.nodes[input].shape
    let (steps, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let stride = window.strides.height
    let reach = (window.size.height - 1) * window.dilation.height + 1
    // The rows for each image are a multiple of the stride, so that each image begins with a
    // window.
    let least = max(height + down.before, (down.count - 1) * stride + reach)
    let rows = (least + stride - 1) / stride * stride
    var node = input
    if rows > height {
      node = try reshaped(node, [steps, height, width * channels], layer, path)
      node = try append(
        layer, "rows",
        .zeroPadding(top: 0, bottom: 0, left: down.before, right: rows - height - down.before),
        [node], path)
    }
    node = try reshaped(node, [steps * rows, width, channels], layer, path)
    let across = window.columns(width)
    node = try append(
      layer, nil,
      operation.withPadding(
        .explicit(
          top: 0, bottom: max(reach - stride, 0), left: across.before, right: across.after)),
      [node], path, activation)
    let result = graph.nodes[node].shape
    let each = rows / stride
    if each > down.count {
      node = try reshaped(node, [steps, each, result[1] * result[2]], layer, path)
      node = try append(
        layer, "own",
        .rearrange(.cropping(top: 0, bottom: 0, left: 0, right: each - down.count)), [node], path)
    }
    return try reshaped(node, [steps, down.count, result[1], result[2]], layer, path)
  }

  /// Returns a node in another shape: the node itself or its input if that fits, else a new
  /// reshape.
  private mutating func reshaped(
    _ node: Int, _ shape: [Int], _ layer: KerasLayer, _ path: [String], _ part: String? = "shape"
  ) throws -> Int {
    if part != nil {
      if graph.nodes[node].shape == shape { return node }
      let made = graph.nodes[node]
      if case .reshape = made.operation, made.activation == .linear,
        graph.nodes[made.inputs[0]].shape == shape
      {
        return made.inputs[0]
      }
    }
    return try append(layer, part, .reshape(shape), [node], path)
  }
}
