import InferenceGraph
import ReferenceInference
import Testing

@Suite("Batch normalizations: what they read, and masking their channels")
struct NormalizationTests {
  @Test("The producer is what is read, through dropout and linear activations")
  func producers() throws {
    var net = try NetworkBuilder([8, 8, 2])
    try net.normalize("first")
    try net.conv("conv_1", 3, activation: .linear)
    try net.add("dropout", .trainingOnly(.dropout(rate: 0.5)))
    try net.add("linear", .activation)
    try net.normalize("behind_nothing")
    try net.conv("conv_2", 3)
    try net.normalize("behind_relu")
    try net.maxPool("pool")
    try net.normalize("behind_pool")
    try net.depthwise("depthwise", activation: .linear)
    try net.normalize("behind_depthwise")
    try net.add("relu", .activation, activation: .relu)
    try net.normalize("behind_activation")
    try net.add("flatten", .flatten)
    try net.dense("fc", 4)
    try net.normalize("behind_dense")
    try net.dense("output", 3, activation: .softmax)
    let graph = net.graph
    #expect(
      graph.normalizations == [
        "first", "behind_nothing", "behind_relu", "behind_pool", "behind_depthwise",
        "behind_activation", "behind_dense",
      ])
    let producers = try graph.normalizations.map { try graph.producer(ofNormalization: $0) }
    #expect(
      producers == [
        .other("the image itself"),
        .convolution("conv_1", isShared: false),
        .other("'conv_2' behind its activation"),
        .other("'pool' (max pooling)"),
        .convolution("depthwise", isShared: false),
        .other("'relu' (activation)"),
        .other("'fc' (dense)"),
      ])
  }

  @Test("What others read too is shared, wherever on the way they read it")
  func shared() throws {
    var net = try NetworkBuilder([4, 4, 2])
    let first = try net.conv("conv_1", 2, activation: .linear)
    let dropped = try net.add("dropout", .trainingOnly(.dropout(rate: 0.5)))
    let norm = try net.normalize("norm_1")
    let second = try net.conv("conv_2", 2, from: dropped, activation: .linear)
    let other = try net.normalize("norm_2")
    let sum = try net.add("sum", .add, from: norm, other)
    let last = try net.normalize("norm_3")
    try net.add("sum_2", .add, from: last, sum, second)
    try net.add("gap", .globalPooling(.average, keepsDimensions: false))
    let graph = net.graph
    #expect(first == 1)
    #expect(
      try graph.producer(ofNormalization: "norm_1") == .convolution("conv_1", isShared: true))
    #expect(
      try graph.producer(ofNormalization: "norm_2") == .convolution("conv_2", isShared: true))
    #expect(try graph.producer(ofNormalization: "norm_3") == .sum("sum"))
  }

  @Test("A normalization that the output does not depend on is left out; the output is shared")
  func output() throws {
    var net = try NetworkBuilder([4, 4, 2])
    let conv = try net.conv("conv", 2, activation: .linear)
    try net.normalize("norm")
    var graph = net.graph
    #expect(try graph.producer(ofNormalization: "norm") == .convolution("conv", isShared: false))
    graph.setOutput(conv)
    #expect(graph.normalizations.isEmpty)
    #expect(try graph.producer(ofNormalization: "norm") == .convolution("conv", isShared: true))
  }

  @Test(
    "Masked channels have gamma and beta of zero, others stay; gamma appears where there was none")
  func masking() throws {
    var net = try NetworkBuilder([4, 4, 2])
    try net.conv("conv", 3, activation: .linear)
    try net.normalize("norm")
    try net.add(
      "plain",
      .batchNormalization(
        BatchNormalization(
          gamma: nil, beta: nil, mean: Tensor(shape: [3], repeating: 0.5),
          variance: Tensor(shape: [3], repeating: 1))))
    let graph = net.graph
    let masked = try graph.masking([2, 0], ofNormalization: "norm")
    guard case .batchNormalization(let before) = graph.nodes[2].operation,
      case .batchNormalization(let after) = masked.nodes[2].operation
    else {
      Issue.record("no normalization")
      return
    }
    #expect(after.gamma?.values == [0, before.gamma!.values[1], 0])
    #expect(after.beta?.values == [0, before.beta!.values[1], 0])
    #expect(after.mean == before.mean && after.variance == before.variance)
    #expect(masked.nodes[1] == graph.nodes[1] && masked.nodes[3] == graph.nodes[3])

    guard
      case .batchNormalization(let plain) =
        try graph.masking([1], ofNormalization: "plain").nodes[3].operation
    else {
      Issue.record("no normalization")
      return
    }
    #expect(plain.gamma?.values == [1, 0, 1] && plain.beta == nil)
  }

  @Test("Errors name the layer and say what there is")
  func errors() throws {
    var net = try NetworkBuilder([4, 4, 2])
    try net.conv("conv", 3, activation: .linear)
    try net.normalize("norm")
    let graph = net.graph
    for name in ["conv", "nowhere"] {
      let error = #expect(throws: GraphError.self) { try graph.producer(ofNormalization: name) }
      #expect(
        error?.description
          == "layer '\(name)': there is no such batch normalization; these are norm")
    }
    let error = #expect(throws: GraphError.self) {
      try graph.masking([0, 3], ofNormalization: "norm")
    }
    #expect(
      error?.description == "layer 'norm': it has no channel 3; its channels are 0 to 2")
  }
}
