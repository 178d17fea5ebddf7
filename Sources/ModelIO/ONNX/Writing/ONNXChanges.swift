import InferenceGraph

/// The edits for new weights.
struct ONNXChanges {
  /// The edits of the model's file.
  var edits: [ONNXEdit] = []
  /// The edits of other files.
  private(set) var others: [String: [ONNXEdit]] = [:]
  /// Tensors to add to the network.
  private(set) var insertion: [UInt8] = []
  private var names: Set<String>
  /// Whether the format's version lists constants among the inputs.
  private let listsConstants: Bool

  init(_ origin: ONNXOrigin) {
    names = origin.names
    listsConstants = origin.version < 4
  }

  /// Adds new elements of a weight, in the graph's order.
  mutating func add(
    _ values: [Float], at weight: ONNXWeight, _ role: WeightRole, of layer: String
  ) {
    guard let stored = weight.stored else {
      addTensor(weight.inNode(values), for: weight, named: name(role, of: layer))
      return
    }
    let inNode = weight.permutation.map { $0.inverse(values) } ?? values
    let elements = ONNXElements(
      values: stored.inFile(inNode), factor: weight.factor, type: stored.type)
    func range(_ offset: Int) -> Range<Int> { offset..<offset + stored.count * stored.type.size }
    switch stored.home {
    case .model(let offset): edits.append(.elements(elements, at: range(offset)))
    case .other(let file, let offset):
      others[file, default: []].append(.elements(elements, at: range(offset)))
    case .field(let place, let name, let shape):
      edits.append(
        .field(
          Self.tensor(name, shape, elements.values.map { $0 / weight.factor }, stored.type),
          insteadOf: place))
    }
  }

  /// Returns a new name for a weight, by which the importer gives its layer the same name again.
  private mutating func name(_ role: WeightRole, of layer: String) -> String {
    let endings =
      switch role {
      case .kernel, .depthwiseKernel, .pointwiseKernel, .gamma, .alpha: ONNXImporter.kernelEndings
      case .bias, .beta: [".bias"]
      case .movingMean: [".running_mean"]
      case .movingVariance: [".running_var"]
      }
    if let free = endings.first(where: { !names.contains(layer + $0) }) {
      names.insert(layer + free)
      return layer + free
    }
    let name = layer + endings[0]
    let free = freeName(name, isTaken: names.contains) { "\(name)_\($0)" }
    names.insert(free)
    return free
  }

  /// Adds a tensor to the network, which one node reads instead of its own.
  private mutating func addTensor(_ values: [Float], for weight: ONNXWeight, named name: String) {
    insertion += Self.tensor(name, weight.shape, values, weight.type)
    if listsConstants {
      var input = ProtobufWriter()
      input.write(11) { $0.writeValue(name, type: weight.type, shape: weight.shape) }
      insertion += input.bytes
    }
    edits.append(.value(Array(name.utf8), of: weight.input))
  }

  /// Returns the field of a network with a tensor.
  private static func tensor(
    _ name: String, _ shape: [Int], _ values: [Float], _ type: ONNXElementType
  ) -> [UInt8] {
    var field = ProtobufWriter()
    field.write(5) { $0.writeTensor(name, shape, values, type) }
    return field.bytes
  }
}
