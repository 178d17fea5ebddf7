import InferenceGraph

/// The nodes of a network, of which those that stand for one layer together are one: layer
/// normalizations below version 17 of the operators, and adaptive average poolings.
struct ONNXPatterns {
  /// An adaptive average pooling, written as products with a matrix along each axis.
  struct Pooling {
    let pooling: AdaptivePooling
    /// The image's height and width.
    let from: [Int]
  }

  /// The nodes, each after those that it reads.
  private(set) var nodes: [ONNXCatalogue.Node]
  /// The poolings by the names of their results, whose nodes read the image.
  private(set) var poolings: [String: Pooling] = [:]

  private let file: ONNXFile
  private let readers: [String: Int]
  private var producers: [String: Int] = [:]
  /// The last node that reads each value.
  private var consumers: [String: Int] = [:]
  private var tensors: [String: ONNXTensor] = [:]

  /// Finds the layers of a network.
  ///
  /// - Throws: ``ONNXRefusal`` or ``FileError`` if constants cannot be read.
  init(_ network: ONNXNetwork, in file: ONNXFile) throws {
    self.file = file
    readers = network.readers
    nodes = network.nodes
    let all = network.nodes
    for tensor in file.catalogue.tensors { tensors[tensor.name] = tensor }
    for (index, node) in all.enumerated() {
      for output in node.outputs { producers[output] = index }
      for input in node.inputs { consumers[input] = index }
      guard let output = node.outputs.first else { continue }
      if case .tensor(let tensor)? = node.attributes.first(where: { $0.name == "value" })?.content,
        node.operation == "Constant"
      {
        tensors[output] = tensor
      } else if node.operation == "Identity", let input = node.inputs.first {
        tensors[output] = tensors[input]
      }
    }
    var absorbed: Set<Int> = []
    for index in all.indices {
      let found =
        switch all[index].operation {
        case "Div": try normalization(index)
        case "Transpose": try pooling(index)
        default: nil as Found?
        }
      guard let found else { continue }
      absorbed.formUnion(found.parts)
      nodes[found.place] = found.node
    }
    if absorbed.isEmpty { return }
    nodes = nodes.indices.filter { !absorbed.contains($0) }.map { nodes[$0] }
  }

  /// A layer: its node, the place of it, and the places of the other nodes that it stands for.
  private struct Found {
    var node: ONNXCatalogue.Node
    var place: Int
    var parts: [Int]
  }

  // MARK: Questions

  /// Returns the place of the node that computes a value with an operator, if the value is read this
  /// many times.
  private func producer(_ name: String, _ operation: String, readBy count: Int = 1) -> Int? {
    guard let place = producers[name], nodes[place].operation == operation, readers[name] == count
    else { return nil }
    return place
  }

  /// Returns the place of the only node that reads a value, if it has this operator and another input
  /// that is a list of constants, and the place of that input.
  private func reader(_ place: Int, _ operation: String) -> (place: Int, input: Int)? {
    guard let name = nodes[place].outputs.first, readers[name] == 1, let next = consumers[name]
    else { return nil }
    let node = nodes[next]
    guard node.operation == operation, node.inputs.count == 2 else { return nil }
    let other = node.inputs[0] == name ? 1 : 0
    return tensors[node.inputs[other]]?.shape.count == 1 ? (next, other) : nil
  }

  /// Returns a constant of one number.
  private func number(_ name: String) throws -> Float? {
    guard let tensor = tensors[name], tensor.shape.reduce(1, { $0 &* $1 }) == 1,
      tensor.shape.count <= 1
    else { return nil }
    if ONNXElementType(rawValue: tensor.type)?.isFloat ?? true {
      return try file.floats(tensor).first
    }
    return try file.integers(tensor).first.map { Float($0) }
  }

  /// Returns the axis of a mean that keeps its axes.
  private func axis(ofMean node: ONNXCatalogue.Node) throws -> Int64? {
    let keeps = node.attributes.first { $0.name == "keepdims" }?.content ?? .integer(1)
    guard keeps == .integer(1) else { return nil }
    if case .integers(let list)? = node.attributes.first(where: { $0.name == "axes" })?.content {
      return list.count == 1 ? list[0] : nil
    }
    guard node.inputs.count == 2, let tensor = tensors[node.inputs[1]] else { return nil }
    guard tensor.shape.reduce(1, { $0 &* $1 }) == 1 else { return nil }
    return try file.integers(tensor).first
  }

  // MARK: Layers

  /// Returns the layer normalization of a quotient: (x - mean) / sqrt(variance + epsilon), with its
  /// factors and offsets; nil if it is none.
  private func normalization(_ place: Int) throws -> Found? {
    let quotient = nodes[place]
    guard quotient.inputs.count == 2,
      let root = producer(quotient.inputs[1], "Sqrt"),
      let sum = nodes[root].inputs.first.flatMap({ producer($0, "Add") }),
      nodes[sum].inputs.count == 2
    else { return nil }
    let isSwapped = tensors[nodes[sum].inputs[0]] != nil
    guard let epsilon = try number(nodes[sum].inputs[isSwapped ? 0 : 1]),
      let variance = producer(nodes[sum].inputs[isSwapped ? 1 : 0], "ReduceMean"),
      let axis = try axis(ofMean: nodes[variance]), let squared = nodes[variance].inputs.first,
      let square = producer(squared, "Pow") ?? producer(squared, "Mul"),
      nodes[square].inputs.count == 2
    else { return nil }
    let centred = quotient.inputs[0]
    let isPower = nodes[square].operation == "Pow"
    guard nodes[square].inputs[0] == centred,
      try isPower ? number(nodes[square].inputs[1]) == 2 : nodes[square].inputs[1] == centred,
      let difference = producer(centred, "Sub", readBy: isPower ? 2 : 3),
      nodes[difference].inputs.count == 2,
      let mean = producer(nodes[difference].inputs[1], "ReduceMean"),
      nodes[mean].inputs.first == nodes[difference].inputs[0],
      try self.axis(ofMean: nodes[mean]) == axis
    else { return nil }
    var parts = [mean, difference, square, variance, sum, root, place]
    var inputs = [nodes[difference].inputs[0]]
    var places = [nodes[difference].inputPlaces.first ?? .nowhere]
    if let factors = reader(place, "Mul") {
      parts.append(factors.place)
      func take(_ reader: (place: Int, input: Int)) {
        inputs.append(nodes[reader.place].inputs[reader.input])
        places.append(nodes[reader.place].inputPlaces[reader.input])
      }
      take(factors)
      if let offsets = reader(factors.place, "Add") {
        parts.append(offsets.place)
        take(offsets)
      }
    }
    let last = parts.removeLast()
    var node = ONNXCatalogue.Node(
      making: nodes[last].name, "LayerNormalization", of: inputs, nodes[last].outputs[0],
      [("axis", .integer(axis)), ("epsilon", .float(epsilon))])
    node.inputPlaces = places
    return Found(node: node, place: last, parts: parts)
  }

  /// Returns the adaptive pooling whose result a transposition is; nil if it is none.
  private mutating func pooling(_ place: Int) throws -> Found? {
    guard let rows = try turnedProduct(place),
      let turn = producer(nodes[rows.product].inputs[0], "Transpose"),
      let columns = try turnedProduct(turn), let output = nodes[place].outputs.first
    else { return nil }
    poolings[output] = Pooling(
      pooling: AdaptivePooling(height: rows.to, width: columns.to), from: [rows.from, columns.from])
    var node = ONNXCatalogue.Node(
      making: nodes[place].name, "Transpose", of: [nodes[columns.product].inputs[0]], output, [])
    node.inputPlaces = [nodes[columns.product].inputPlaces[0]]
    return Found(node: node, place: place, parts: [columns.product, turn, rows.product])
  }

  /// Returns the product with a matrix of means that a transposition of the last two axes turns.
  private func turnedProduct(_ place: Int) throws -> (product: Int, from: Int, to: Int)? {
    guard let perm = nodes[place].attributes.first(where: { $0.name == "perm" })?.content,
      perm == .integers([0, 1, 3, 2]),
      let product = nodes[place].inputs.first.flatMap({ producer($0, "MatMul") }),
      nodes[product].inputs.count == 2, let matrix = tensors[nodes[product].inputs[1]],
      matrix.shape.count == 2, matrix.type == ONNXElementType.float.rawValue,
      matrix.shape.allSatisfy({ (1...4096).contains($0) })
    else { return nil }
    let (from, to) = (Int(matrix.shape[0]), Int(matrix.shape[1]))
    guard try file.floats(matrix) == AdaptivePooling.means(from: from, to: to) else { return nil }
    return (product, from, to)
  }
}
