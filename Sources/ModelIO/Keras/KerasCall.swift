extension KerasCall {
  /// Reads one entry of `inbound_nodes`.
  ///
  /// Keras 2 writes `[["layer", call, tensor, {arguments}], ...]`, Keras 3
  /// `{"args": [tensors or lists of tensors], "kwargs": {arguments}}`.
  init(_ json: JSONValue, of layer: KerasLayer) throws(KerasError) {
    if let entries = json.array {
      // A single tensor may stand without the outer list.
      let tensors = entries.first?.string != nil ? [json] : entries
      for tensor in tensors {
        inputs.append(try Self.source(tensor, of: layer))
        readArguments(tensor[3])
      }
    } else {
      try readTensors(json["args"] ?? .null, of: layer)
      let arguments = json["kwargs"]
      readArguments(arguments)
      // Tensors may also be passed by name: `layer(inputs=x)`.
      if let named = arguments?["inputs"], inputs.isEmpty { try readTensors(named, of: layer) }
    }
    guard !inputs.isEmpty else { throw KerasError(layer, "its inputs are not readable") }
  }

  private mutating func readArguments(_ json: JSONValue?) {
    guard let arguments = json?.object else { return }
    if arguments["training"]?.bool == true { isTraining = true }
    // Whatever else a call may be given must not be lost silently.
    for (key, value) in arguments where !["training", "mask", "inputs"].contains(key) {
      if !value.isNull { hasConstants = true }
    }
  }

  private mutating func readTensors(_ json: JSONValue, of layer: KerasLayer) throws(KerasError) {
    switch json {
    case .array(let elements):
      for element in elements { try readTensors(element, of: layer) }
    case .object where json["class_name"]?.string == "__keras_tensor__":
      guard let history = json["config"]?["keras_history"] else {
        throw KerasError(layer, "its inputs are not readable")
      }
      inputs.append(try Self.source(history, of: layer))
    case .null: break
    default: hasConstants = true
    }
  }

  private static func source(
    _ json: JSONValue, of layer: KerasLayer
  ) throws(KerasError) -> Source {
    guard let name = json[0]?.string, let call = json[1]?.int, call >= 0,
      let tensor = json[2]?.int
    else {
      throw KerasError(layer, "its inputs are not readable")
    }
    guard tensor == 0 else {
      throw KerasError(
        layer, "it reads output \(tensor) of layer '\(name)', which gives only one",
        rule: .kerasUnsupported)
    }
    return Source(layer: name, call: call)
  }
}
