/// The nodes of an ONNX network that its output depends on, in the order of computation.
struct ONNXNetwork {
  /// The nodes, each after those that it reads.
  private(set) var nodes: [ONNXCatalogue.Node] = []
  /// How many times each value is read.
  private(set) var readers: [String: Int] = [:]
  /// Nodes that the output does not depend on, as findings.
  private(set) var findings: [Finding] = []

  /// - Throws: ``ONNXRefusal`` if the nodes do not form a network.
  init(_ catalogue: ONNXCatalogue, output: String) throws(ONNXRefusal) {
    var producers: [String: Int] = [:]
    for (index, node) in catalogue.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard producers.updateValue(index, forKey: output) == nil else {
          throw node.refusal(
            .onnxGraph, "another node has a result of the name '\(abbreviated(output))'")
        }
      }
    }
    for value in catalogue.inputs.map(\.name) + catalogue.tensors.map(\.name) {
      if let index = producers[value] {
        throw catalogue.nodes[index].refusal(
          .onnxGraph, "its result '\(abbreviated(value))' is also an input or a constant")
      }
    }
    // Depth first without recursion: a node is entered, then all that it reads, then it is left.
    var state = Array(repeating: 0, count: catalogue.nodes.count)
    var stack = producers[output].map { [$0] } ?? []
    while let index = stack.last {
      let node = catalogue.nodes[index]
      if state[index] != 0 {
        stack.removeLast()
        if state[index] == 1 {
          state[index] = 2
          nodes.append(node)
        }
        continue
      }
      state[index] = 1
      for input in node.inputs {
        guard let producer = producers[input] else { continue }
        guard state[producer] != 1 else {
          throw node.refusal(.onnxGraph, "it reads its own result; the file is damaged")
        }
        if state[producer] == 0 { stack.append(producer) }
      }
    }
    readers[output] = 1
    for node in nodes {
      for input in node.inputs { readers[input, default: 0] += 1 }
    }
    findings = zip(catalogue.nodes, state).compactMap { node, state in
      guard state == 0, node.operation != ONNXOperator.constant.rawValue else { return nil }
      return Finding(
        .graphUnreachable, at: node.title,
        "node '\(node.title)' (\(abbreviated(node.operation))): the output does not depend on it; "
          + "it is left out")
    }
  }
}
