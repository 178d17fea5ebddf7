import InferenceGraph

/// A graph as the nodes and tensors of an ONNX network, opset 17, or 20 for its own activations.
///
/// Images are [channels][height][width] between the nodes; one transposition at the input takes
/// them channels last, unless the network takes them channels first. Every layer keeps its name: a
/// kernel is `LAYER.weight`, the last result of a layer `LAYER`.
struct ONNXExport {
  /// A setting of an operator.
  enum Setting {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
  }

  /// A call of an operator with one result.
  struct Node {
    var operation: String
    var inputs: [String]
    var output: String
    var settings: [(name: String, value: Setting)]
  }

  /// A constant.
  struct Constant {
    enum Elements {
      case floats([Float], ONNXPermutation?)
      case integers([Int])
    }

    var name: String
    var shape: [Int]
    var elements: Elements
  }

  private(set) var nodes: [Node] = []
  private(set) var constants: [Constant] = []
  /// The version of the operators.
  var version = 17
  private(set) var input: String
  private(set) var output = ""
  private let isChannelsFirst: Bool
  let graph: Graph
  private var names = NameSet()

  /// - Parameters:
  ///   - graph: The graph.
  ///   - input: The name of the input; nil for that of the graph.
  ///   - output: The name of the output; nil for that of the graph.
  ///   - isChannelsFirst: Whether the network takes images [channels][height][width].
  /// - Throws: `GraphError` for a node without a form in ONNX.
  init(
    _ graph: Graph, input: String? = nil, output: String? = nil, isChannelsFirst: Bool = false
  ) throws(GraphError) {
    let graph = graph.joiningSigmoid ?? graph
    self.graph = graph
    self.isChannelsFirst = isChannelsFirst
    self.input = input ?? graph.nodes[0].name
    _ = names.take(self.input) { "\($0)" }
    let end = output ?? graph.nodes[graph.output].name
    // Layers take their names before results within layers, so that these cannot take them.
    let isNeeded = graph.reachingOutput
    var titles: [Int: String] = [:]
    for index in graph.nodes.indices.dropFirst() where isNeeded[index] {
      let name = index == graph.output ? end : graph.nodes[index].name
      titles[index] = names.take(name.isEmpty ? "layer" : name) { "\(name)_\($0)" }
    }
    let agreement = ONNXAgreement(graph)
    let inAgreement = agreement?.nodes ?? []
    var values: [Int: String] = [0: try image()]
    for (index, node) in graph.nodes.enumerated() {
      guard let title = titles[index], !inAgreement.contains(index) else { continue }
      let first = nodes.count
      let result = try add(node, title, node.inputs.map { values[$0] ?? "" })
      values[index] = result
      finish(title, since: first, with: result, isOutput: index == graph.output)
      if nodes.count > first { values[index] = title }
    }
    if let agreement, let title = titles[graph.output] {
      let first = nodes.count
      let result = add(agreement, title, values)
      finish(title, since: first, with: result, isOutput: true)
    }
    self.output = titles[graph.output] ?? self.input
  }

  /// Gives the result of a layer the layer's name.
  private mutating func finish(
    _ title: String, since first: Int, with result: String, isOutput: Bool
  ) {
    if nodes.count > first, nodes[nodes.count - 1].output == result {
      nodes[nodes.count - 1].output = title
    } else if isOutput {
      nodes.append(Node(operation: "Identity", inputs: [result], output: title, settings: []))
    }
  }

  /// Returns the value of the input as [channels][height][width].
  private mutating func image() throws(GraphError) -> String {
    guard graph.inputShape.count == 3, !isChannelsFirst else { return input }
    return add("Transpose", [input], input, [("perm", .integers([0, 3, 1, 2]))])
  }

  // MARK: Parts

  /// Appends a call; returns the name of its result.
  mutating func add(
    _ operation: String, _ inputs: [String], _ title: String,
    _ settings: [(name: String, value: Setting)] = []
  ) -> String {
    let output = names.take("\(title)/\(operation)") { "\(title)/\(operation)_\($0)" }
    nodes.append(Node(operation: operation, inputs: inputs, output: output, settings: settings))
    return output
  }

  /// Appends a constant of floating-point numbers; returns its name.
  ///
  /// - Parameters:
  ///   - shape: The shape in ONNX.
  ///   - permutation: The permutation of the values to ONNX's order.
  mutating func constant(
    _ name: String, _ shape: [Int], _ values: [Float], _ permutation: ONNXPermutation? = nil
  ) -> String {
    let name = names.take(name) { "\(name)_\($0)" }
    constants.append(
      Constant(name: name, shape: shape, elements: .floats(values, permutation)))
    return name
  }

  /// Appends a constant list of integers, or a single one; returns its name.
  mutating func constant(_ name: String, _ values: [Int], isScalar: Bool = false) -> String {
    let name = names.take(name) { "\(name)_\($0)" }
    constants.append(
      Constant(name: name, shape: isScalar ? [] : [values.count], elements: .integers(values)))
    return name
  }

  // MARK: Writing

  /// Returns the parts of the file.
  func pieces(name: String) -> [ONNXExportPiece] {
    var start = ProtobufWriter()
    for node in nodes { start.write(1) { $0.write(node) } }
    start.write(2, name)
    var end = ProtobufWriter()
    let shape = graph.inputShape
    let extents = isChannelsFirst && shape.count == 3 ? [shape[2], shape[0], shape[1]] : shape
    end.write(11) { $0.writeValue(input, type: .float, shape: [nil] + extents) }
    end.write(12) { $0.writeValue(output, type: .float, shape: [nil] + graph.outputShape) }
    var tensors: [ONNXExportPiece] = []
    var size = start.bytes.count + end.bytes.count
    for constant in constants {
      let header = constant.header
      tensors += [.bytes(header), .elements(constant)]
      size += header.count + constant.size
    }
    var model = ProtobufWriter()
    model.write(1, integer: version < 20 ? 8 : 9)
    model.write(2, "DefenseKit")
    model.write(8) { set in
      set.write(1, "")
      set.write(2, integer: version)
    }
    model.write(key: 7, length: size)
    return [.bytes(model.bytes + start.bytes)] + tensors + [.bytes(end.bytes)]
  }

  /// The size of all constants in bytes.
  var weightSize: Int { constants.reduce(0) { $0 + $1.size } }
}

/// A part of an exported file.
enum ONNXExportPiece {
  case bytes([UInt8])
  case elements(ONNXExport.Constant)
}

extension ONNXExport.Constant {
  /// The size of the elements in bytes.
  var size: Int {
    switch elements {
    case .floats(let values, _): 4 * values.count
    case .integers(let values): 8 * values.count
    }
  }

  /// The elements as the file has them.
  var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(size)
    func append(_ bits: some FixedWidthInteger) {
      for offset in 0..<bits.bitWidth / 8 {
        result.append(UInt8(truncatingIfNeeded: bits >> (8 * offset)))
      }
    }
    switch elements {
    case .floats(let values, let permutation):
      for value in permutation?(values) ?? values { append(value.bitPattern) }
    case .integers(let values): for value in values { append(Int64(value)) }
    }
    return result
  }

  /// The field of the network up to the elements.
  fileprivate var header: [UInt8] {
    var tensor = ProtobufWriter()
    for extent in shape { tensor.write(1, integer: extent) }
    if case .integers = elements {
      tensor.write(2, integer: 7)
    } else {
      tensor.write(2, integer: 1)
    }
    tensor.write(8, name)
    tensor.write(key: 9, length: size)
    var field = ProtobufWriter()
    field.write(key: 5, length: tensor.bytes.count + size)
    return field.bytes + tensor.bytes
  }
}

extension ProtobufWriter {
  fileprivate mutating func write(_ node: ONNXExport.Node) {
    for input in node.inputs { write(1, input) }
    write(2, node.output)
    write(3, node.output)
    write(4, node.operation)
    for (name, value) in node.settings {
      write(5) { attribute in
        attribute.write(1, name)
        switch value {
        case .float(let number):
          attribute.write(2, float: number)
          attribute.write(20, integer: 1)
        case .integer(let number):
          attribute.write(3, integer: number)
          attribute.write(20, integer: 2)
        case .text(let text):
          attribute.write(4, text)
          attribute.write(20, integer: 3)
        case .integers(let numbers):
          for number in numbers { attribute.write(8, integer: number) }
          attribute.write(20, integer: 7)
        }
      }
    }
  }
}
