import ReferenceInference
import Testing

@testable import InferenceGraph

/// What passes make of small graphs, as text.
@Suite struct PassTextTests {
  @Test func aPlainNetwork() throws {
    var net = try NetworkBuilder([4, 4, 1])
    try net.conv("conv", 2, activation: .linear)
    try net.normalize("norm", activation: .relu)
    try net.maxPool("pool")
    try net.add("flat", .flatten)
    try net.add("drop", .trainingOnly(.dropout(rate: 0.5)))
    try net.dense("scores", 3, activation: .softmax)
    let normal = Normalized(net.graph)
    #expect(
      "\(normal)" == """
        0: input -> [4, 4, 1]
        1: convolution(0) -> [4, 4, 2]
        2: batch normalization(1), relu -> [4, 4, 2]
        3: max pooling(2) -> [2, 2, 2]
        4: flatten(3) -> [8]
        5: dense(4) -> [3]
        6: activation(5), softmax -> [3]
        """)
    let fused = Fused(normal.nodes, inputs: [0], outputs: [normal.scores])
    #expect(
      "\(fused)" == """
        0: input -> [4, 4, 1]
        1: convolution(0), affine, relu, 2x2 max pooling -> [2, 2, 2]
        2: flatten(1) -> [8], checked
        3: dense(2) -> [3], output
        """)
    #expect(
      "\(BufferLayout(fused, blocks: 2))" == """
        0: memory 0..<576, zeros [1, 1, 1, 1]
        1: buffer 1, all blocks
        2: buffer 1, in the tail
        3: buffer 2, in the tail
        """)
    // What is asked for is not fused.
    #expect(
      "\(Fused(normal.nodes, inputs: [0], outputs: [2, 3]))" == """
        0: input -> [4, 4, 1]
        1: convolution(0), affine, relu -> [4, 4, 2], output
        2: max pooling(1) -> [2, 2, 2], output
        """)
    // Values of another graph may be anything.
    #expect(
      "\(Fused(normal.nodes, inputs: [4], outputs: [5], from: .values))" == """
        0: input -> [8], checked
        1: dense(0) -> [3], output
        """)
  }

  @Test func compoundOperations() throws {
    var net = try NetworkBuilder([2, 2, 2])
    let depthwise = DepthwiseConvolution(kernel: net.tensor([3, 3, 2, 1]), padding: .same)
    try net.add(
      "separable",
      .separableConvolution(
        SeparableConvolution(depthwise: depthwise, pointwise: net.tensor([1, 1, 2, 2]))))
    let drop = try net.add("drop", .trainingOnly(.dropout(rate: 0.5)))
    try net.add("sum", .add, from: drop, 0, drop, activation: .relu)
    try net.conv("conv", 2, 1, activation: .softmax)
    #expect(
      "\(Normalized(net.graph, preprocessing: Preprocessing(scale: 0.5)))" == """
        0: input times 0.5 -> [2, 2, 2]
        1: depthwise convolution(0) -> [2, 2, 2]
        2: convolution(1) -> [2, 2, 2]
        3: add(2, 0) -> [2, 2, 2]
        4: add(3, 2), relu -> [2, 2, 2]
        5: convolution(4) -> [2, 2, 2]
        6: activation(5), softmax -> [2, 2, 2]
        """)
    #expect(
      "\(Normalized(net.graph, for: .training(noise: true)))" == """
        0: input -> [2, 2, 2]
        1: depthwise convolution(0) -> [2, 2, 2]
        2: convolution(1) -> [2, 2, 2]
        3: identity at inference(2) -> [2, 2, 2]
        4: add(3, 0) -> [2, 2, 2]
        5: add(4, 3), relu -> [2, 2, 2]
        6: convolution(5), softmax -> [2, 2, 2]
        """)
  }

  @Test func aModelAndItsMaskedCopy() throws {
    var net = try NetworkBuilder([2, 2, 1])
    try net.conv("conv", 2, 1)
    try net.add("mean", .globalPooling(.average, keepsDimensions: false))
    try net.dense("scores", 2)
    let masked = try net.graph.masking([1], of: "conv")
    let merged = Merged([net.graph, masked].map { Normalized($0) })
    #expect(
      "\(merged)" == """
        0: input -> [2, 2, 1]
        1: convolution(0), relu -> [2, 2, 2]
        2: global average pooling(1) -> [2]
        3: dense(2) -> [2]
        4: activation(1), channels [1] zero -> [2, 2, 2]
        5: activation(2), channels [1] zero -> [2]
        6: dense(5) -> [2]
        """)
    #expect(
      "\(Fused(merged.nodes, inputs: [0], outputs: Set(merged.scores)))" == """
        0: input -> [2, 2, 1]
        1: convolution(0), relu -> [2, 2, 2]
        2: global average pooling(1) -> [2], checked
        3: dense(2) -> [2], output
        4: activation(2), channels [1] zero -> [2], checked
        5: dense(4) -> [2], output
        """)
  }
}
