internal import InferenceGraph
public import ModelIO

extension ModelAudit {
  /// The audit as JSON, schema 1: the file, its model, if any, its tensors, if it is a file of weights
  /// of PyTorch or safetensors, and the findings.
  ///
  /// Texts are the file's own; JSON escapes invisible characters.
  public var json: JSON {
    let weights: [JSON.Member] =
      tensors.isEmpty ? [] : [.init("tensors", .array(tensors.map { Self.json($0) }))]
    return .object(
      [
        .init("schema", 1),
        .init("file", .string(path)),
        .init("sha256", .string(sha256)),
        .init("complete", .bool(isComplete)),
        .init("model", model.map { Self.json($0) } ?? .null),
      ] + weights + [
        .init("failure", JSON(failure?.problem)),
        .init("findings", .array(findings.map { Self.json($0) })),
      ])
  }

  /// Returns a finding as JSON.
  static func json(_ finding: Finding) -> JSON {
    [
      "rule": .string(finding.rule.name), "severity": .string(finding.rule.severity.rawValue),
      "technique": .string(finding.rule.technique), "location": .string(finding.location),
      "message": .string(finding.message),
    ]
  }

  private static func json(_ tensor: StoredTensor) -> JSON {
    [
      "name": .string(tensor.name), "type": .string(tensor.type),
      "shape": .array(tensor.shape.map { .int($0) }),
    ]
  }

  private static func json(_ model: Model) -> JSON {
    let graph = model.graph
    return [
      "name": .string(model.name), "classes": .int(model.classCount),
      "parameters": .int(graph.parameterCount),
      "prunable_layers": .array(graph.prunableLayers.map { .string($0) }),
      "last_convolution": JSON(graph.lastConvolution),
      "layers": .array(
        graph.nodes.map { node in
          [
            "name": .string(node.name), "operation": .string(node.operation.displayName),
            "inputs": .array(node.inputs.map { .string(graph.nodes[$0].name) }),
            "shape": .array(node.shape.map { .int($0) }),
            "parameters": .int(node.operation.weights.reduce(0) { $0 + $1.count }),
          ]
        }),
    ]
  }
}
