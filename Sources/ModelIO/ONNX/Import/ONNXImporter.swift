import InferenceGraph

/// Builds a graph from an ONNX network.
struct ONNXImporter {
  let file: ONNXFile
  var graph: Graph
  /// The values computed so far.
  var values: [String: ONNXValue] = [:]
  /// How many times each value is read.
  let readers: [String: Int]
  /// For each node of the graph with its own result, the name of that value.
  var results: [Int: String] = [:]
  /// The file's place of each weight of the graph, by node and role.
  var weights: [Int: [WeightRole: ONNXWeight]] = [:]
  /// Error functions, by the names of their results.
  var gaussians: [String: ONNXGaussian] = [:]
  /// Norms along the last axis, by the names of their values.
  var norms: [String: ONNXNorm] = [:]
  /// The pixels of adaptive poolings, by the names of their values.
  var pixels: [String: ONNXPixels] = [:]
  /// Why the graph's weights cannot be written back to the file; nil if they can.
  var obstacle: String?
  /// The number of images that the file fixes; nil if any is allowed.
  let batch: Int?
  /// Whether the images' channels come last in the file.
  private let isChannelsLast: Bool
  private var names = NameSet()

  /// The versions of the operators that are read.
  static let versions = 7...22

  /// Builds the graph, and notes where its weights lie in the file.
  ///
  /// - Throws: ``ONNXRefusal``, `GraphError` or ``FileError``.
  static func build(_ file: ONNXFile, _ network: ONNXNetwork) throws -> ONNXImport {
    let catalogue = file.catalogue
    let version = try version(of: catalogue)
    let input = try input(of: catalogue)
    var importer = try ONNXImporter(file, network, input)
    for tensor in catalogue.tensors {
      importer.values[tensor.name] = try importer.value(of: tensor)
    }
    let output = catalogue.outputs[0].name
    let end = ONNXAgreementEnd(network, output: output)
    var last: ONNXCall?
    let patterns = try ONNXPatterns(network, in: file)
    for node in patterns.nodes where !(end?.results.isSuperset(of: node.outputs) ?? false) {
      let call = try ONNXCall(node, version: version)
      if let pooling = node.outputs.first.flatMap({ patterns.poolings[$0] }) {
        try importer.add(pooling, call)
      } else {
        try importer.add(call)
      }
      last = call
    }
    if let end { try importer.add(end, output: output) }
    guard case .activation(var result)? = importer.values[output] else {
      throw ONNXRefusal(
        .onnxGraph, at: output, "the output '\(abbreviated(output))' does not depend on the image")
    }
    if let last { result = try importer.simple(result, last) }
    try importer.finish(result)
    let whole = importer.graph.splittingSigmoid ?? importer.graph
    if let fault = whole.outputFault(appending: "a Sigmoid node") {
      throw ONNXRefusal(.onnxUnsupported, at: output, "output '\(abbreviated(output))': \(fault)")
    }
    return ONNXImport(
      graph: whole, input: input.name, output: output,
      isChannelsFirst: !importer.isChannelsLast,
      weights: Dictionary(
        uniqueKeysWithValues: importer.weights.map { (whole.nodes[$0].name, $1) }),
      obstacle: importer.obstacle)
  }

  private init(
    _ file: ONNXFile, _ network: ONNXNetwork, _ input: ONNXCatalogue.Value
  ) throws {
    self.file = file
    readers = network.readers
    let shape = try Self.imageShape(of: input)
    // A network made for channels last begins with a transposition.
    let reading = network.nodes.filter { $0.inputs.contains(input.name) }
    isChannelsLast =
      !reading.isEmpty
      && reading.allSatisfy { node in
        node.operation == ONNXOperator.transpose.rawValue
          && node.attributes.contains { $0.content == .integers([0, 3, 1, 2]) }
      }
    let name = names.take(Self.neutral(input.name)) { "\($0)" }
    graph = try Graph(
      inputShape: isChannelsLast ? shape : [shape[1], shape[2], shape[0]], inputName: name)
    batch = input.shape[0].map(Int.init)
    values[input.name] = .activation(
      ONNXActivation(node: 0, layout: isChannelsLast ? .plain : .image))
  }

  private static func version(of catalogue: ONNXCatalogue) throws(ONNXRefusal) -> Int64 {
    let sets = catalogue.operatorSets.filter { ["", "ai.onnx"].contains($0.domain) }
    guard sets.count == 1 else {
      throw ONNXRefusal(.onnxGraph, "declares \(sets.count) versions of ONNX's operators")
    }
    let version = sets[0].version
    guard version >= Int64(versions.lowerBound), version <= Int64(versions.upperBound) else {
      throw ONNXRefusal(
        .onnxUnsupported,
        "uses version \(version) of ONNX's operators; \(versions.lowerBound) to "
          + "\(versions.upperBound) are read: export it with opset_version=17")
    }
    return version
  }

  /// Returns the only input without a constant value.
  private static func input(
    of catalogue: ONNXCatalogue
  ) throws(ONNXRefusal) -> ONNXCatalogue.Value {
    let constants = Set(catalogue.tensors.map(\.name))
    let inputs = catalogue.inputs.filter { !constants.contains($0.name) }
    guard inputs.count == 1 else {
      throw ONNXRefusal(
        .onnxUnsupported, "has \(inputs.count) inputs; a classifier has one, the images")
    }
    guard catalogue.outputs.count == 1 else {
      throw ONNXRefusal(
        .onnxUnsupported,
        "has \(catalogue.outputs.count) outputs; export it with the class scores only")
    }
    return inputs[0]
  }

  /// Returns the extents of an image in the file's order.
  private static func imageShape(
    of input: ONNXCatalogue.Value
  ) throws(ONNXRefusal) -> [Int] {
    let name = abbreviated(input.name)
    guard input.type.flatMap(ONNXElementType.init(rawValue:))?.isFloat ?? false else {
      throw ONNXRefusal(.onnxUnsupported, at: name, "input '\(name)' does not take floats")
    }
    guard input.shape.count == 4 else {
      throw ONNXRefusal(
        .onnxUnsupported, at: name,
        "input '\(name)' has \(input.shape.count) axes; images [batch, channels, height, width] "
          + "are read")
    }
    let shape = input.shape[1...].compactMap { $0.map(Int.init) }
    guard shape.count == 3 else {
      throw ONNXRefusal(
        .onnxUnsupported, at: name,
        "input '\(name)': the size of its images is not fixed; export the model with a fixed size "
          + "of images")
    }
    return shape
  }

  /// Returns the value of a stored tensor; integers are read at once, as shapes depend on them.
  func value(of tensor: ONNXTensor) throws -> ONNXValue {
    let shape = try ONNXConstant.extents(of: tensor)
    if let type = ONNXElementType(rawValue: tensor.type), !type.isFloat, shape.count <= 1,
      shape.reduce(1, *) <= Self.maximumIntegers
    {
      let values = try file.integers(tensor).map { ONNXExtent.number(Int($0)) }
      return .integers(ONNXIntegers(values: values, isScalar: shape.isEmpty))
    }
    return .constant(
      ONNXConstant(
        name: tensor.name, shape: shape, source: .tensor(tensor),
        type: ONNXElementType(rawValue: tensor.type) ?? .float,
        stored: ONNXStoredTensor(tensor, shape: shape)))
  }

  /// The largest number of integers in shape arithmetic.
  static let maximumIntegers = 4096

  // MARK: Nodes

  /// Appends a node for an operator; returns its index.
  ///
  /// - Parameter part: The node's part in a composed operator; nil for the node with the result.
  mutating func append(
    _ call: ONNXCall, _ operation: Graph.Operation, _ inputs: [Int],
    activation: Activation = .linear, named kernel: String? = nil, part: String? = nil
  ) throws -> Int {
    let base = kernel.flatMap(Self.layerName) ?? Self.neutral(call.node.title)
    let node = try graph.append(
      take(part.map { "\(base)_\($0)" } ?? base), operation, inputs: inputs, activation: activation)
    if part == nil { results[node] = call.node.outputs.first }
    return node
  }

  mutating func take(_ name: String) -> String {
    names.take(name.isEmpty ? "layer" : name) { "\(name)_\($0)" }
  }

  /// What the names of kernels end in after the layer's name.
  static let kernelEndings = [".weight", ".kernel", "/kernel", "_weight", "_kernel"]

  /// Returns the name of a layer from that of its kernel; nil if the kernel's name says nothing.
  private static func layerName(_ kernel: String) -> String? {
    var name = kernel
    for ending in kernelEndings where name.hasSuffix(ending) {
      name.removeLast(ending.count)
      break
    }
    if name.isEmpty || name.contains("::") || name.allSatisfy(\.isNumber) { return nil }
    return neutral(name)
  }

  /// Returns a name that is the same layer name in every format and the same file name everywhere.
  static func neutral(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      let isNeutral =
        scalar.isASCII && scalar.properties.isAlphabetic || (48...57).contains(scalar.value)
        || scalar == "." || scalar == "-" || scalar == "_"
      if isNeutral { result.unicodeScalars.append(scalar) } else { result += "_" }
    }
    return String(result.drop { $0 == "_" || $0 == "." })
  }

  /// Makes the graph's result a vector in ONNX's order.
  private mutating func finish(_ result: ONNXActivation) throws {
    var node = result.node
    let shape = graph.nodes[node].shape
    if shape.count == 3, shape[0] == 1, shape[1] == 1 {
      node = try graph.append(take("scores"), .flatten, inputs: [node])
    } else if case .flattened(let image) = result.layout {
      node = try inOrder(node, image, named: "scores")
    }
    graph.setOutput(node)
  }
}
