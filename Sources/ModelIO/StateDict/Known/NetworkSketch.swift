import InferenceGraph

/// A network in the making: operators of ONNX on weights that have the names of a state dict.
///
/// What it is made of is compared with a file's weights; see ``fits``.
struct NetworkSketch {
  /// A value on the way through the network: an image, or a row of numbers.
  struct Value {
    fileprivate var name: String
    /// The number of channels, or of numbers.
    var channels: Int
    /// Height and width of the image; 1 for a row.
    var side: Int
  }

  /// The network.
  private(set) var catalogue = ONNXCatalogue()
  /// The images, `[channel][row][column]`.
  let input: Value
  /// The shapes of the file's weights by name.
  let shapes: [String: [Int]]
  private var unread: Set<String>
  /// Whether every weight so far is one of the file's, with its shape.
  private var isRight = true

  /// Begins a network.
  ///
  /// - Parameters:
  ///   - shapes: The shapes of the file's weights by name.
  ///   - side: Height and width of the images, in colour.
  init(_ shapes: [String: [Int]], side: Int) {
    self.shapes = shapes
    unread = Set(shapes.keys)
    input = Value(name: "input", channels: 3, side: side)
    catalogue.version = 8
    catalogue.operatorSets = [.init(domain: "", version: 13)]
    let shape: [Int64?] = [nil, 3, Int64(side), Int64(side)]
    catalogue.inputs = [.init(name: "input", type: ONNXElementType.float.rawValue, shape: shape)]
  }

  /// Whether the network reads exactly the file's weights, with their shapes.
  var fits: Bool { isRight && unread.isEmpty }

  /// Ends the network with its scores.
  mutating func finish(_ scores: Value, name: String) {
    catalogue.name = name
    catalogue.outputs = [
      .init(
        name: scores.name, type: ONNXElementType.float.rawValue,
        shape: [nil, Int64(scores.channels)])
    ]
  }

  /// Returns the number of outputs of a layer by its weight; 0 if there is no such layer.
  func outputs(of layer: String) -> Int { shapes["\(layer).weight"]?.first ?? 0 }

  /// Returns the number of items `stem.0`, `stem.1`, ... that have a weight `part`.
  func count(of stem: String, with part: String) -> Int {
    var count = 0
    while shapes["\(stem).\(count).\(part)"] != nil { count += 1 }
    return count
  }

  // MARK: Layers

  /// Appends a convolution without a dilation.
  mutating func convolution(
    _ image: Value, _ layer: String, to channels: Int, size: Int = 3, stride: Int = 1,
    hasBias: Bool = false
  ) -> Value {
    let padding = size / 2
    var inputs = [weight("\(layer).weight", [channels, image.channels, size, size])]
    if hasBias { inputs.append(weight("\(layer).bias", [channels])) }
    return windows("Conv", image, inputs, size, stride, padding, to: channels, layer)
  }

  /// Appends a batch normalization.
  mutating func normalization(_ image: Value, _ layer: String) -> Value {
    let parts = ["weight", "bias", "running_mean", "running_var"]
    return append(
      "BatchNormalization", [image], parts.map { weight("\(layer).\($0)", [image.channels]) },
      [("epsilon", .float(1e-5))], image.channels, image.side, layer)
  }

  /// Appends a layer from a row of numbers to another one, with a bias.
  mutating func dense(_ row: Value, _ layer: String, to count: Int) -> Value {
    let weights = [
      weight("\(layer).weight", [count, row.channels]), weight("\(layer).bias", [count]),
    ]
    return append("Gemm", [row], weights, [("transB", .integer(1))], count, 1, layer)
  }

  mutating func relu(_ value: Value) -> Value {
    append("Relu", [value], [], [], value.channels, value.side)
  }

  mutating func elu(_ value: Value) -> Value {
    append("Elu", [value], [], [("alpha", .float(1))], value.channels, value.side)
  }

  mutating func add(_ a: Value, _ b: Value) -> Value {
    isRight = isRight && a.channels == b.channels && a.side == b.side
    return append("Add", [a, b], [], [], a.channels, a.side)
  }

  mutating func maxPool(_ image: Value, size: Int = 2, stride: Int = 2, padding: Int = 0) -> Value {
    windows("MaxPool", image, [], size, stride, padding, to: image.channels)
  }

  /// Appends the mean over all places of an image, as a row.
  mutating func mean(_ image: Value) -> Value {
    flat(append("GlobalAveragePool", [image], [], [], image.channels, 1))
  }

  /// Appends the average pooling to a fixed size; nothing if the image has it.
  mutating func adaptivePool(_ image: Value, to side: Int) -> Value {
    guard image.side != side, image.side > 0 else { return image }
    let output = catalogue.appendPooling(
      AdaptivePooling(height: side, width: side), of: image.name, from: [image.side, image.side],
      as: "pooling_\(catalogue.nodes.count)")
    return Value(name: output, channels: image.channels, side: side)
  }

  /// Appends all numbers of an image as a row, channel by channel.
  mutating func flat(_ image: Value) -> Value {
    append(
      "Flatten", [image], [], [("axis", .integer(1))],
      image.channels * image.side * image.side, 1)
  }

  /// Appends every other row and column, between as many channels of zeros as are missing, half of
  /// them on either side.
  mutating func halved(_ image: Value, to channels: Int) -> Value {
    let before = (channels - image.channels) / 2
    isRight = isRight && before >= 0
    guard isRight else { return image }
    // A convolution of one pixel, whose kernel is 1 from each channel to its new place.
    var kernel = [UInt8](repeating: 0, count: 4 * channels * image.channels)
    for channel in 0..<image.channels {
      let place = 4 * ((channel + before) * image.channels + channel)
      for (index, byte) in [0, 0, 0x80, 0x3F].enumerated() { kernel[place + index] = UInt8(byte) }
    }
    let tensor = ONNXTensor(
      type: ONNXElementType.float.rawValue,
      shape: [Int64(channels), Int64(image.channels), 1, 1], storage: .decoded(kernel))
    let constant = append("Constant", [], [], [("value", .tensor(tensor))], 0, 0)
    return windows("Conv", image, [constant.name], 1, 2, 0, to: channels)
  }

  // MARK: Nodes

  private mutating func windows(
    _ operation: String, _ image: Value, _ weights: [String], _ size: Int, _ stride: Int,
    _ padding: Int, to channels: Int, _ layer: String? = nil
  ) -> Value {
    func pair(_ number: Int) -> [Int64] { [Int64(number), Int64(number)] }
    return append(
      operation, [image], weights,
      [
        ("kernel_shape", .integers(pair(size))), ("strides", .integers(pair(stride))),
        ("pads", .integers(pair(padding) + pair(padding))),
      ], channels, (image.side + 2 * padding - size) / stride + 1, layer)
  }

  private mutating func append(
    _ operation: String, _ values: [Value], _ weights: [String],
    _ attributes: [(String, ONNXAttribute.Content)], _ channels: Int, _ side: Int,
    _ layer: String? = nil
  ) -> Value {
    let name = layer ?? "\(operation.lowercased())_\(catalogue.nodes.count)"
    let output = "\(name):out"
    catalogue.nodes.append(
      ONNXCatalogue.Node(
        making: name, operation, of: values.map(\.name) + weights, output, attributes))
    return Value(name: output, channels: channels, side: side)
  }

  private mutating func weight(_ name: String, _ shape: [Int]) -> String {
    isRight = isRight && shapes[name] == shape && shape.allSatisfy { $0 > 0 }
    unread.remove(name)
    catalogue.tensors.append(
      ONNXTensor(
        name: name, type: ONNXElementType.float.rawValue, shape: shape.map { Int64($0) },
        place: .nowhere))
    return name
  }
}
