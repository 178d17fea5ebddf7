import InferenceGraph

/// A call of an operator: its node, with the attributes by name.
struct ONNXCall {
  let node: ONNXCatalogue.Node
  let kind: ONNXOperator
  /// The version of the operator set.
  let version: Int64
  private let attributes: [String: ONNXAttribute.Content]

  /// - Throws: ``ONNXRefusal`` for an operator that is not supported, or with an attribute twice.
  init(_ node: ONNXCatalogue.Node, version: Int64) throws(ONNXRefusal) {
    guard let kind = ONNXOperator(rawValue: node.operation) else {
      throw node.refusal(.onnxUnsupported, Self.advice(on: node.operation))
    }
    self.node = node
    self.kind = kind
    self.version = version
    var attributes: [String: ONNXAttribute.Content] = [:]
    for attribute in node.attributes {
      guard attributes.updateValue(attribute.content, forKey: attribute.name) == nil else {
        throw node.refusal(.onnxDuplicateField, "it has an attribute twice")
      }
    }
    self.attributes = attributes
  }

  private static func advice(on operation: String) -> String {
    if operation.hasPrefix("Q") || operation.hasPrefix("DequantizeLinear")
      || operation.hasSuffix("Integer")
    {
      return "a quantized network is not supported; give the float model that it was made from"
    }
    if ["If", "Loop", "Scan"].contains(operation) {
      return "control flow is not supported; export the model without it"
    }
    return "the operator is not supported; rebuild the network without it, or give it as Keras .h5"
  }

  func has(_ name: String) -> Bool { attributes[name] != nil }

  func integer(_ name: String, _ fallback: Int) throws(ONNXRefusal) -> Int {
    switch attributes[name] {
    case nil: return fallback
    case .integer(let value): return Int(value)
    default: throw invalid(name)
    }
  }

  func float(_ name: String, _ fallback: Float) throws(ONNXRefusal) -> Float {
    switch attributes[name] {
    case nil: return fallback
    case .float(let value): return value
    default: throw invalid(name)
    }
  }

  func text(_ name: String, _ fallback: String) throws(ONNXRefusal) -> String {
    switch attributes[name] {
    case nil: return fallback
    case .text(let value): return value
    default: throw invalid(name)
    }
  }

  func integers(_ name: String) throws(ONNXRefusal) -> [Int]? {
    switch attributes[name] {
    case nil: return nil
    case .integers(let values): return values.map { Int($0) }
    default: throw invalid(name)
    }
  }

  func floats(_ name: String) throws(ONNXRefusal) -> [Float]? {
    switch attributes[name] {
    case nil: return nil
    case .floats(let values): return values
    default: throw invalid(name)
    }
  }

  func tensor(_ name: String) throws(ONNXRefusal) -> ONNXTensor? {
    switch attributes[name] {
    case nil: return nil
    case .tensor(let tensor): return tensor
    default: throw invalid(name)
    }
  }

  /// Returns a list of two extents; `fallback` for both if there is none.
  func extent(_ name: String, _ fallback: Int = 1) throws(ONNXRefusal) -> Extent {
    guard let list = try integers(name) else { return Extent(fallback, fallback) }
    guard list.count == 2 else { throw unsupported("only 2-D windows are supported") }
    return Extent(list[0], list[1])
  }

  /// Throws unless an attribute is missing or has the only supported value.
  func require(_ name: String, _ value: Int) throws(ONNXRefusal) {
    let actual = try integer(name, value)
    if actual != value { throw unsupported("\(name) = \(actual) is not supported") }
  }

  /// Returns the error for a valid use of the operator that is not supported.
  func unsupported(_ reason: String) -> ONNXRefusal { node.refusal(.onnxUnsupported, reason) }

  /// Returns the error for a use of the operator that ONNX does not allow.
  func invalid(_ name: String) -> ONNXRefusal {
    node.refusal(.onnxGraph, "its \(abbreviated(name)) is not valid")
  }
}

extension ONNXCatalogue.Node {
  /// The name for messages: the node's, or that of its result.
  var title: String { abbreviated(name.isEmpty ? outputs.first ?? "" : name) }

  /// Returns an error about the node.
  func refusal(_ rule: Finding.Rule, _ reason: String) -> ONNXRefusal {
    ONNXRefusal(rule, at: title, "node '\(title)' (\(abbreviated(operation))): \(reason)")
  }
}
