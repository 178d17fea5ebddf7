import InferenceGraph

/// The end of a detector that compares the classes of two models: N + 1 outputs, one-hot at the
/// class where both agree, and at the last where they do not.
///
/// `GoodNet` builds it of standard layers; see there. In ONNX it is a comparison of two `ArgMax`.
struct ONNXAgreement {
  /// The nodes of the scores of both models.
  let scores: [Int]
  /// The nodes after the scores.
  let nodes: Set<Int>
  /// The number of classes, N.
  let classes: Int

  /// Recognizes the end of a graph; nil if it has another.
  init?(_ graph: Graph) {
    let end = graph.nodes[graph.output]
    guard end.operation == .concatenate, end.activation == .linear, end.inputs.count == 2 else {
      return nil
    }
    let (agreed, flag) = (end.inputs[0], end.inputs[1])
    let n = graph.nodes[agreed].channels
    guard graph.nodes[flag].operation == .dense(Self.flag(of: n)),
      graph.nodes[flag].inputs == [agreed],
      graph.nodes[flag].activation == .linear, graph.nodes[agreed].operation == .multiply,
      graph.nodes[agreed].activation == .linear, graph.nodes[agreed].inputs.count == 2,
      graph.nodes[agreed].shape == [n]
    else { return nil }
    var nodes: Set = [graph.output, agreed, flag]
    var scores: [Int] = []
    for input in graph.nodes[agreed].inputs {
      // The four nodes of an argmax, the last first.
      var index = input
      for (operation, activation) in Self.argmax(of: n).reversed() {
        let node = graph.nodes[index]
        guard node.operation == operation, node.activation == activation, node.shape == [n] else {
          return nil
        }
        nodes.insert(index)
        index = node.inputs[0]
      }
      scores.append(index)
    }
    // Nothing else may read a node that the ONNX network lacks.
    let readers = graph.consumers
    guard nodes.allSatisfy({ readers[$0].allSatisfy(nodes.contains) }) else { return nil }
    self.scores = scores
    self.nodes = nodes
    classes = n
  }

  /// The layer that is 1 where no class agrees.
  static func flag(of n: Int) -> Dense {
    Dense(kernel: Tensor(shape: [n, 1], repeating: -1), bias: Tensor(shape: [1], repeating: 1))
  }

  /// The operations that turn scores into a one-hot vector at their first maximum.
  static func argmax(of n: Int) -> [(Graph.Operation, Activation)] {
    let steps = (0..<n).map { Float(2 * n - $0) * 0x1p60 }
    // The epsilon is that of the type, which the detector does not set.
    let ranking = BatchNormalization(
      gamma: Tensor(shape: [n], values: steps), beta: nil, mean: Tensor(shape: [n], repeating: 0),
      variance: Tensor(shape: [n], repeating: 1))
    return [
      (.rescaling(Rescaling(scale: [0x1p80])), .linear), (.activation, .softmax),
      (.batchNormalization(ranking), .linear), (.activation, .softmax),
    ]
  }
}

extension ONNXExport {
  /// Adds the end of a detector; returns the name of its result.
  ///
  /// With the scores s and t: `OneHot(Where(argmax s = argmax t and both are finite, argmax s, N))`.
  mutating func add(
    _ agreement: ONNXAgreement, _ title: String, _ values: [Int: String]
  ) -> String {
    var classes: [String] = []
    var conditions: [String] = []
    let axis = constant("\(title).axis", [1])
    let zero = constant("\(title).zero", [], [0])
    for scores in agreement.scores {
      let value = values[scores] ?? ""
      classes.append(
        add("ArgMax", [value], title, [("axis", .integer(1)), ("keepdims", .integer(0))]))
      // The difference of NaN, or of an infinity, from itself is NaN, which equals nothing.
      let difference = add("Sub", [value, value], title)
      let sum = add("ReduceSum", [difference, axis], title, [("keepdims", .integer(0))])
      conditions.append(add("Equal", [sum, zero], title))
    }
    conditions.append(add("Equal", classes, title))
    let agrees = conditions.dropFirst().reduce(into: conditions[0]) {
      $0 = add("And", [$0, $1], title)
    }
    let last = constant("\(title).flagged", [agreement.classes], isScalar: true)
    let answer = add("Where", [agrees, classes[0], last], title)
    let depth = constant("\(title).depth", [agreement.classes + 1], isScalar: true)
    let range = constant("\(title).values", [2], [0, 1])
    return add("OneHot", [answer, depth, range], title, [("axis", .integer(-1))])
  }
}
