import InferenceGraph
import ReferenceInference
import Testing

@Suite("The last convolution, the prunable layers and what their consumers read")
struct PathTests {
  @Test("DeepID: conv_3 is last, since conv_4 is bypassed; both read pool_3")
  func deepID() throws {
    let graph = try NetworkBuilder.deepID()
    #expect(graph.lastConvolution == "conv_3")
    #expect(try graph.frontier(of: "conv_3") == "pool_3")
    #expect(try graph.frontier(of: "conv_4") == "conv_4")
    #expect(try graph.frontier(of: "fc_1") == "fc_1")
    #expect(
      graph.prunableLayers == ["conv_1", "conv_2", "conv_3", "conv_4", "fc_1", "fc_2"])
  }

  @Test("VGG: the last one in front of the flattening")
  func vgg() throws {
    let graph = try NetworkBuilder.vgg()
    #expect(graph.lastConvolution == "block3_conv2")
    #expect(try graph.frontier(of: "block3_conv2") == "block3_pool")
    #expect(graph.prunableLayers.last == "fc1")
  }

  @Test("ResNet: the last one of the last block's longer branch", arguments: [false, true])
  func resNet(preActivation: Bool) throws {
    let graph = try NetworkBuilder.resNet(preActivation: preActivation)
    #expect(graph.lastConvolution == "block2_conv2")
    #expect(try graph.frontier(of: "block1_conv1") == "block1_bn1")
    #expect(!graph.prunableLayers.contains("predictions"))
  }

  @Test("MobileNet: neither the gate, nor the hidden head, nor the classes")
  func mobileNet() throws {
    let graph = try NetworkBuilder.mobileNet()
    #expect(graph.lastConvolution == "conv_pw_2")
    #expect(try graph.frontier(of: "conv_pw_2") == "gap")
    #expect(graph.prunableLayers.last == "conv_hidden")
  }

  @Test("a convolution that leaves one pixel counts: its input has more")
  func toOnePixel() throws {
    var net = try NetworkBuilder([8, 8, 1])
    try net.conv("c1", 2, 5, padding: .valid)
    try net.conv("c2", 3, 4, padding: .valid)
    try net.add("flatten", .flatten)
    try net.dense("classes", 4, activation: .softmax)
    #expect(net.graph.lastConvolution == "c2")
  }

  @Test("a convolution whose channels are the classes does not count")
  func classesAsConvolution() throws {
    var net = try NetworkBuilder([8, 8, 1])
    try net.conv("c1", 2)
    try net.conv("c2", 3)
    try net.conv("classes", 4, 1)
    try net.add("gap", .globalPooling(.average, keepsDimensions: false))
    try net.add("softmax", .activation, activation: .softmax)
    #expect(net.graph.lastConvolution == "c2")
    #expect(net.graph.prunableLayers == ["c1", "c2"])
  }

  @Test("towers that meet as vectors, and no convolution at all")
  func towers() throws {
    var net = try NetworkBuilder([6, 6, 1])
    try net.conv("left", 2)
    let left = try net.add("flatten_left", .flatten)
    try net.conv("right1", 2, from: 0)
    try net.conv("right2", 2)
    let right = try net.add("flatten_right", .flatten)
    try net.add("both", .concatenate, from: left, right)
    try net.dense("classes", 4, activation: .softmax)
    #expect(net.graph.lastConvolution == "right2")

    var plain = try NetworkBuilder([5])
    try plain.dense("hidden", 4, activation: .relu)
    try plain.dense("classes", 4, activation: .softmax)
    #expect(plain.graph.lastConvolution == nil)
    #expect(plain.graph.prunableLayers == ["hidden"])
  }

  @Test("the frontier stops at the output, a fork, a softmax, a mixing layer")
  func frontierStops() throws {
    var net = try NetworkBuilder([6, 6, 1])
    try net.conv("c", 3, activation: .linear)
    try net.normalize("bn", activation: .relu)
    try net.add("drop", .trainingOnly(.dropout(rate: 0.5)))
    try net.add("gap", .globalPooling(.average, keepsDimensions: false))
    try net.add("softmax", .activation, activation: .softmax)
    #expect(try net.graph.frontier(of: "c") == "gap")
    var cut = net.graph
    cut.setOutput(2)
    #expect(try cut.frontier(of: "c") == "bn")
    #expect(throws: GraphError(node: "x", "there is no such layer; those with channels are ")) {
      _ = try net.graph.frontier(of: "x")
    }
  }
}
