/// References to layer calls in a functional model's configuration.
extension KerasNetwork {
  /// Returns the single input or output, which may be nested in lists and dictionaries: `["x", 0,
  /// 0]`, `[["x", 0, 0]]`, `{"image": ["x", 0, 0]}`.
  static func endpoint(
    _ json: JSON?, _ role: String, of model: String
  ) throws(KerasError) -> KerasCall.Source {
    let sources = try endpoints(json, role, of: model)
    guard sources.count == 1 else { throw tooMany(sources.count, role, of: model) }
    return sources[0]
  }

  /// Returns all inputs or outputs.
  static func endpoints(
    _ json: JSON?, _ role: String, of model: String
  ) throws(KerasError) -> [KerasCall.Source] {
    var entries: [JSON] = []
    collectEndpoints(json ?? .null, into: &entries)
    var sources: [KerasCall.Source] = []
    for entry in entries {
      guard let layer = entry[0]?.string, let call = entry[1]?.int, call >= 0,
        entry[2]?.int == 0
      else {
        throw KerasError("the model '\(model)' does not name its \(role) layer")
      }
      sources.append(KerasCall.Source(layer: layer, call: call))
    }
    return sources
  }

  static func tooMany(_ count: Int, _ role: String, of model: String) -> KerasError {
    KerasError(
      "the model '\(model)' has \(count) \(role)s; one is needed", rule: .kerasUnsupported)
  }

  /// Returns the names of the layers with the outputs of a functional model; none for another one.
  static func outputNames(_ json: JSON) -> [String] {
    var entries: [JSON] = []
    if json["class_name"]?.string != "Sequential" {
      collectEndpoints(json["config"]?["output_layers"] ?? .null, into: &entries)
    }
    return entries.compactMap { $0[0]?.string }
  }

  private static func collectEndpoints(_ json: JSON, into entries: inout [JSON]) {
    switch json {
    case .array(let elements) where elements.first?.string != nil: entries.append(json)
    case .array(let elements):
      for element in elements { collectEndpoints(element, into: &entries) }
    case .object(let members):
      for member in members { collectEndpoints(member.value, into: &entries) }
    case .null, .bool, .number, .string: break
    }
  }

  /// Renumbers references to nested models so that their calls count from 0.
  ///
  /// In Keras 2 the creation of a nested model is its call 0, so that its first use is call 1.
  /// Keras 3 counts this way in `output_layers` only, and for functional models only.
  ///
  /// - Throws: ``KerasError`` if the references do not cover every use of a nested model, so that
  ///   the numbers are ambiguous.
  static func countCallsFromZero(
    _ layers: inout [KerasLayer], _ outputs: inout [KerasCall.Source]
  ) throws(KerasError) {
    let isKeras3 = layers.contains { $0.calls.contains(where: \.isKeras3) }
    var read: [String: Set<Int>] = [:]
    for source in layers.flatMap({ $0.calls.flatMap(\.inputs) }) {
      read[source.layer, default: []].insert(source.call)
    }
    // The nested models whose first use is call 1 in references.
    var fromOne: Set<String> = []
    for nested in layers where nested.network != nil {
      let isSequential = nested.className == "Sequential"
      var calls = read[nested.name, default: []]
      if isKeras3 {
        for index in outputs.indices where outputs[index].layer == nested.name {
          if !isSequential { outputs[index].call -= 1 }
          calls.insert(outputs[index].call)
        }
      } else {
        calls.formUnion(outputs.filter { $0.layer == nested.name }.map(\.call))
        if !isSequential || !calls.contains(0) {
          fromOne.insert(nested.name)
          calls = Set(calls.map { $0 - 1 })
        }
      }
      // Keras writes a use only if a layer or the output reads it.
      guard calls.isEmpty || calls == Set(nested.calls.indices) else {
        throw KerasError(
          nested,
          "its calls are not numbered as Keras numbers them, so that readers disagree about them",
          rule: .kerasAmbiguous)
      }
    }
    if fromOne.isEmpty { return }
    for index in outputs.indices where fromOne.contains(outputs[index].layer) {
      outputs[index].call -= 1
    }
    for l in layers.indices {
      for c in layers[l].calls.indices {
        for i in layers[l].calls[c].inputs.indices
        where fromOne.contains(layers[l].calls[c].inputs[i].layer) {
          layers[l].calls[c].inputs[i].call -= 1
        }
      }
    }
  }
}
