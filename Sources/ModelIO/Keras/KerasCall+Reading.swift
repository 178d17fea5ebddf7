extension KerasCall {
  /// Parses one entry of `inbound_nodes`.
  ///
  /// Keras 2 writes `[["layer", call, tensor, {arguments}], ...]`, Keras 3 `{"args": [tensors or
  /// structures of tensors], "kwargs": {arguments}}`. Both may hold the tensors in dictionaries.
  init(_ json: JSON, of layer: KerasLayer) throws(KerasError) {
    operands = Self.operands(json, of: layer)
    if let args = json["args"], let arguments = json["kwargs"] {
      isKeras3 = true
      try readTensors(args, of: layer)
      // The meaning of further positional arguments is unknown.
      if args.array?.dropFirst().contains(where: { !$0.isNothing }) ?? true { hasConstants = true }
      // Tensors may also be passed by name: `layer(inputs=x)`.
      if let named = arguments["inputs"] {
        if inputs.isEmpty { try readTensors(named, of: layer) } else { hasConstants = true }
      }
      try readArguments(arguments, apartFrom: ["training", "mask", "inputs"], of: layer)
    } else {
      try readEntries(json, of: layer)
    }
    guard !inputs.isEmpty || hasConstants else {
      throw KerasError(layer, "its inputs are not readable")
    }
  }

  private mutating func readArguments(
    _ json: JSON?, apartFrom known: Set<String>, of layer: KerasLayer
  ) throws(KerasError) {
    guard let json, !json.isNull else { return }
    guard let arguments = json.object else {
      hasConstants = true
      return
    }
    if let training = arguments["training"], !training.isNull {
      if training.bool == nil { hasConstants = true }
      if training.bool == true { isTraining = true }
    }
    // Other arguments must not be ignored silently.
    for (key, value) in arguments.sorted(by: { $0.key < $1.key })
    where key == "mask" || !known.contains(key) {
      if value.isNothing { continue }
      hasConstants = true
      // The layer depends on tensors among them, for example in `x + y`.
      try readOthers(value, of: layer)
    }
  }

  /// Parses the tensors in an argument that is not the layer's input.
  private mutating func readOthers(_ json: JSON, of layer: KerasLayer) throws(KerasError) {
    switch json {
    case .array(let entry)
    where entry.count == 3 && entry[0].string != nil && entry[1].int != nil && entry[2].int != nil:
      inputs.append(try Self.source(json, of: layer))
    case .array(let elements):
      for element in elements { try readOthers(element, of: layer) }
    case .object where json["class_name"]?.string == "__keras_tensor__":
      try readTensors(json, of: layer)
    case .object(let members):
      for member in members.sorted { try readOthers(member.value, of: layer) }
    case .null, .bool, .number, .string: break
    }
  }

  /// Parses Keras 2's form: an entry for a tensor, a list of entries, or a dictionary of entries.
  private mutating func readEntries(_ json: JSON, of layer: KerasLayer) throws(KerasError) {
    switch json {
    case .array(let entry) where entry.first?.string != nil:
      guard (3...4).contains(entry.count) else {
        throw KerasError(layer, "its inputs are not readable")
      }
      if entry[0].string == "_CONSTANT_VALUE" {
        hasConstants = true
      } else {
        inputs.append(try Self.source(json, of: layer))
      }
      try readArguments(json[3], apartFrom: ["training", "mask"], of: layer)
    case .array(let entries):
      for entry in entries { try readEntries(entry, of: layer) }
    case .object(let entries):
      for entry in entries.sorted { try readEntries(entry.value, of: layer) }
      // Only nested models take a dictionary of several tensors as one argument.
      if entries.count > 1 { hasConstants = true }
    default: throw KerasError(layer, "its inputs are not readable")
    }
  }

  private mutating func readTensors(_ json: JSON, of layer: KerasLayer) throws(KerasError) {
    switch json {
    case .array(let elements):
      for element in elements { try readTensors(element, of: layer) }
    case .object where json["class_name"]?.string == "__keras_tensor__":
      guard let history = json["config"]?["keras_history"] else {
        throw KerasError(layer, "its inputs are not readable")
      }
      inputs.append(try Self.source(history, of: layer))
    case .object(let members) where members["class_name"] == nil:
      for member in members.sorted { try readTensors(member.value, of: layer) }
      if members.count > 1 { hasConstants = true }
    case .null: break
    default: hasConstants = true
    }
  }

  private static func source(
    _ json: JSON, of layer: KerasLayer
  ) throws(KerasError) -> Source {
    guard let name = json[0]?.string, let call = json[1]?.int, call >= 0,
      let tensor = json[2]?.int
    else {
      throw KerasError(layer, "its inputs are not readable")
    }
    guard tensor == 0 else {
      throw KerasError(
        layer, "it reads output \(tensor) of layer '\(name)', which has only one",
        rule: .kerasUnsupported)
    }
    return Source(layer: name, call: call)
  }
}

extension JSON {
  /// Whether this is null, or a structure that holds only nulls.
  var isNothing: Bool {
    switch self {
    case .null: true
    case .array(let elements): elements.allSatisfy(\.isNothing)
    case .object(let members): members.allSatisfy(\.value.isNothing)
    case .bool, .number, .string: false
    }
  }
}
