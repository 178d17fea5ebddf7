import InferenceGraph

/// The end of a detector that compares the classes of two models, as ``ONNXExport`` writes it.
struct ONNXAgreementEnd {
  /// The names of the scores of both models.
  let scores: [String]
  /// The results of the nodes after the scores.
  let results: Set<String>
  /// Constants by what they must be for N classes.
  fileprivate let integers: [(name: String, value: (Int) -> [Int])]
  fileprivate let floats: [(name: String, values: [Float])]

  /// Recognizes the end of a network; nil if it has another.
  init?(_ network: ONNXNetwork, output: String) {
    var producers: [String: ONNXCatalogue.Node] = [:]
    for node in network.nodes { for output in node.outputs { producers[output] = node } }
    var results: Set<String> = []
    func call(_ name: String, _ operation: String, inputs: Int) -> ONNXCatalogue.Node? {
      guard let node = producers[name], node.operation == operation, node.inputs.count == inputs,
        ["", "ai.onnx"].contains(node.domain)
      else { return nil }
      results.formUnion(node.outputs)
      return node
    }
    func setting(_ node: ONNXCatalogue.Node, _ name: String, _ missing: Int64) -> Int64? {
      switch node.attributes.first(where: { $0.name == name })?.content {
      case nil: missing
      case .integer(let value): value
      default: nil
      }
    }
    guard let oneHot = call(output, "OneHot", inputs: 3), setting(oneHot, "axis", -1) == -1,
      let answer = call(oneHot.inputs[0], "Where", inputs: 3)
    else { return nil }
    var integers: [(name: String, value: (Int) -> [Int])] = [
      (oneHot.inputs[1], { [$0 + 1] }), (answer.inputs[2], { [$0] }),
    ]
    var floats: [(name: String, values: [Float])] = [(oneHot.inputs[2], [0, 1])]
    // The conditions that all have to hold.
    var open = [answer.inputs[0]]
    var classes: [String] = []
    var finite: [String] = []
    while let name = open.popLast() {
      if let both = call(name, "And", inputs: 2) {
        open += both.inputs
        // A condition of 2^k leaves would be read 2^k times.
        guard open.count < 4 else { return nil }
        continue
      }
      guard let equal = call(name, "Equal", inputs: 2) else { return nil }
      guard let sum = call(equal.inputs[0], "ReduceSum", inputs: 2) else {
        guard classes.isEmpty else { return nil }
        classes = equal.inputs
        continue
      }
      guard let difference = call(sum.inputs[0], "Sub", inputs: 2),
        difference.inputs[0] == difference.inputs[1], setting(sum, "keepdims", 1) == 0,
        finite.count < 2
      else { return nil }
      finite.append(difference.inputs[0])
      integers.append((sum.inputs[1], { _ in [1] }))
      floats.append((equal.inputs[1], [0]))
    }
    var scores: [String] = []
    for name in classes {
      guard let argmax = call(name, "ArgMax", inputs: 1), setting(argmax, "axis", 0) == 1,
        setting(argmax, "keepdims", 1) == 0, setting(argmax, "select_last_index", 0) == 0
      else { return nil }
      scores.append(argmax.inputs[0])
    }
    guard scores.count == 2, classes.contains(answer.inputs[1]), finite.sorted() == scores.sorted()
    else { return nil }
    self.scores = scores
    self.results = results
    self.integers = integers
    self.floats = floats
  }
}

extension ONNXImporter {
  /// Adds the end of a detector, as ``ONNXAgreement`` describes it.
  ///
  /// - Throws: ``ONNXRefusal`` if a constant is not that of a detector.
  mutating func add(_ end: ONNXAgreementEnd, output: String) throws {
    func refusal(_ name: String) -> ONNXRefusal {
      ONNXRefusal(
        .onnxUnsupported, at: output,
        "output '\(abbreviated(output))' is computed from '\(abbreviated(name))', which is not that "
          + "of a detector; export the model with the class scores only")
    }
    let title = Self.neutral(output)
    var answers: [Int] = []
    for (number, name) in end.scores.enumerated() {
      guard case .activation(let value)? = values[name], value.layout == .plain,
        graph.nodes[value.node].shape.count == 1
      else { throw refusal(name) }
      var index = value.node
      let parts = ["scaled", "maxima", "ranked", "class"]
      let steps = ONNXAgreement.argmax(of: graph.nodes[index].channels)
      for (part, (operation, activation)) in zip(parts, steps) {
        index = try graph.append(
          take("\(title)_\(part)_\(number + 1)"), operation, inputs: [index],
          activation: activation)
      }
      answers.append(index)
    }
    let n = graph.nodes[answers[0]].channels
    for (name, expected) in end.integers {
      guard case .integers(let found)? = values[name], found.numbers == expected(n) else {
        throw refusal(name)
      }
    }
    for (name, expected) in end.floats {
      guard case .constant(let found)? = values[name], found.count == expected.count,
        try found.values(in: file) == expected
      else { throw refusal(name) }
    }
    let agreed = try graph.append(take("\(title)_agreed"), .multiply, inputs: answers)
    let flag = try graph.append(
      take("\(title)_flag"), .dense(ONNXAgreement.flag(of: n)), inputs: [agreed])
    let result = try graph.append(take(title), .concatenate, inputs: [agreed, flag])
    values[output] = .activation(ONNXActivation(node: result, layout: .plain))
  }
}
