import Foundation
import InferenceGraph
import ReferenceInference
import Synchronization
import Testing

@Suite("One sigmoid unit as two classes")
struct BinaryLogitsTests {
  /// A network of one dense layer that gives its one input as score z.
  private func identity() throws -> Graph {
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [1, 1], values: [1]))), inputs: [0])
    try graph.append("classes", .binaryLogits, inputs: [1], activation: .softmax)
    return graph
  }

  @Test("Scores are 1 - p and p; the second class begins over 0.5, and an infinite z has none")
  func scores() throws {
    let z: [Float] = [0, -0, 1e-3, -1e-3, 2.5, -7, 40, -40, 90, -90, 1e30, -1e30]
    let executor = try Executor([Model(graph: try identity())])
    let source = ArraySource(z, imageShape: [1])
    #expect(
      try executor.labels(for: source) == [[0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]])
    let outputs = try ExecutorTests.outputs(executor.models, source)[0]
    for (image, z) in z.enumerated() {
      let p = 1 / (1 + exp(-Double(z)))
      let q = 1 / (1 + exp(Double(z)))
      for (got, right) in zip(outputs[(2 * image)...], [q, p]) {
        #expect(abs(Double(got) - right) <= 3e-7 * right + 1e-38, "z = \(z): \(got) for \(right)")
      }
    }
    var graph = try Graph(inputShape: [1])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [1, 1], values: [1e30]))), inputs: [0])
    try graph.append("classes", .binaryLogits, inputs: [1], activation: .softmax)
    #expect(
      try Executor([Model(graph: graph)])
        .labels(for: ArraySource([1e10, -1e10, 1], imageShape: [1])) == [
          [noClass, noClass, 1]
        ])
  }

  // MARK: From one unit to two classes and back

  private func graph(_ body: (inout Graph) throws -> Void) throws -> Graph {
    var graph = try Graph(inputShape: [6, 5, 2])
    try body(&graph)
    return graph
  }

  private func dense(_ inputs: Int, _ units: Int = 1) -> Graph.Operation {
    .dense(
      Dense(
        kernel: Tensor(
          shape: [inputs, units], values: (0..<inputs * units).map { Float($0 % 7) / 8 - 0.4 })))
  }

  private func window(_ filters: Int, _ height: Int, _ width: Int) -> Graph.Operation {
    .convolution(
      Convolution(
        kernel: Tensor(
          shape: [height, width, 2, filters],
          values: (0..<2 * height * width * filters).map { Float($0 % 5) / 8 - 0.3 })))
  }

  /// All forms, with the name of the layer whose sigmoid it is.
  private func forms() throws -> [(Graph, String)] {
    [
      (
        try graph {
          try $0.append("flatten", .flatten, inputs: [0])
          try $0.append("out", dense(60), inputs: [1], activation: .sigmoid)
        }, "out"
      ),
      (
        try graph {
          try $0.append("flatten", .flatten, inputs: [0])
          try $0.append("dense", dense(60), inputs: [1])
          try $0.append("activation", .activation, inputs: [2], activation: .sigmoid)
        }, "activation"
      ),
      (
        try graph {
          try $0.append("conv", window(1, 3, 2), inputs: [0])
          try $0.append("mean", .globalPooling(.average, keepsDimensions: false), inputs: [1])
          try $0.append("activation", .activation, inputs: [2], activation: .sigmoid)
        }, "activation"
      ),
      (
        try graph {
          try $0.append("conv", window(1, 6, 5), inputs: [0], activation: .sigmoid)
          try $0.append(
            "pool", .pooling(Pooling(.max, window: Extent(2, 2), padding: .same)), inputs: [1])
          try $0.append("reshape", .reshape([1, 1]), inputs: [2])
          try $0.append("flatten", .flatten, inputs: [3])
          try $0.append("dropout", .trainingOnly(.dropout(rate: 0.5)), inputs: [4])
          try $0.append("linear", .activation, inputs: [5])
        }, "conv"
      ),
      (
        try graph {
          try $0.append("flatten", .flatten, inputs: [0])
          try $0.append("out/sigmoid", dense(60, 3), inputs: [1], activation: .relu)
          try $0.append("out", dense(3), inputs: [2], activation: .sigmoid)
          try $0.append("out/sigmoid_", .activation, inputs: [3])
        }, "out"
      ),
    ]
  }

  @Test("Every form is taken apart and put together again")
  func inverse() throws {
    for (graph, unit) in try forms() {
      let split = try #require(graph.splittingSigmoid)
      #expect(split.outputShape == [2])
      #expect(split.nodes[split.output].name.hasPrefix("\(unit)/sigmoid"))
      #expect(split.joiningSigmoid == graph)
      #expect(split.splittingSigmoid == nil && graph.joiningSigmoid == nil)
      for seed in UInt64(1)...3 {
        let image = RandomGraph.image(for: graph, seed: seed)
        let p = referenceOutput(graph, image: image)[0]
        let scores = referenceOutput(split, image: image)
        #expect(abs(scores[0] - (1 - p)) < 1e-12 && abs(scores[1] - p) < 1e-12)
      }
    }
  }

  @Test("The form outlives masking and the removal of channels")
  func pruned() throws {
    var net = try Graph(inputShape: [6, 5, 2])
    try net.append("conv", window(4, 3, 2), inputs: [0], activation: .relu)
    try net.append("flatten", .flatten, inputs: [1])
    try net.append("out", dense(64), inputs: [2], activation: .sigmoid)
    let split = try #require(net.splittingSigmoid)
    #expect(split.prunableLayers == ["conv"])
    let smaller = try agree(split, ["conv": [1, 3]])
    let joined = try #require(smaller.joiningSigmoid)
    #expect(joined.nodes.map(\.name) == net.nodes.map(\.name))
    #expect(joined.nodes[3].activation == .sigmoid && joined.nodes[3].operation != dense(64))
    let error = #expect(throws: GraphError.self) { try split.removing([0], of: "out") }
    #expect(error?.problem == "all its channels would be removed; at least one must stay")
  }

  @Test("Two classes that no sigmoid layer is known of become an activation")
  func unknownUnit() throws {
    let joined = try #require(try identity().joiningSigmoid)
    #expect(joined.nodes.map(\.name) == ["input", "dense", "classes"])
    #expect(joined.nodes[2].operation == .activation && joined.nodes[2].activation == .sigmoid)
    #expect(joined.outputShape == [1])
  }

  @Test("What does not end in one sigmoid unit stays as it is")
  func others() throws {
    let ends: [(Graph.Operation, Activation)] = [
      (dense(60), .linear), (dense(60), .tanh), (dense(60), .softmax), (dense(60), .hardSigmoid()),
      (dense(60, 2), .sigmoid), (dense(60, 2), .softmax),
    ]
    for (operation, activation) in ends {
      let net = try graph {
        try $0.append("flatten", .flatten, inputs: [0])
        try $0.append("out", operation, inputs: [1], activation: activation)
      }
      #expect(net.splittingSigmoid == nil && net.joiningSigmoid == nil)
    }
    // The mean of many sigmoids is none, nor is one that is scaled; an image is no vector.
    let changed = [
      try graph {
        try $0.append("conv", window(1, 3, 2), inputs: [0], activation: .sigmoid)
        try $0.append("mean", .globalPooling(.average, keepsDimensions: false), inputs: [1])
      },
      try graph {
        try $0.append("conv", window(1, 6, 5), inputs: [0], activation: .sigmoid)
        try $0.append("flatten", .flatten, inputs: [1])
        try $0.append("half", .rescaling(Rescaling(scale: [0.5])), inputs: [2])
      },
      try graph { try $0.append("conv", window(1, 6, 5), inputs: [0], activation: .sigmoid) },
    ]
    for net in changed { #expect(net.splittingSigmoid == nil) }
    // The raw logits are no sigmoid, nor are scores that something else reads.
    var raw = try identity()
    try raw.append("more", .activation, inputs: [2])
    #expect(raw.joiningSigmoid == nil)
    raw.setOutput(2)
    #expect(raw.joiningSigmoid == nil)
  }
}
