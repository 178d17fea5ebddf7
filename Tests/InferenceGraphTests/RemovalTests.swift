import InferenceGraph
import ReferenceInference
import Testing

@Suite("Removing channels, cases worked out by hand")
struct RemovalTests {
  @Test("masking zeroes kernel and bias of the channel alone")
  func masking() throws {
    let kernel = Tensor(shape: [1, 1, 2, 3], values: [1, 2, 3, 4, 5, 6])
    var graph = try Graph(inputShape: [2, 2, 2])
    try graph.append(
      "c",
      .convolution(
        Convolution(kernel: kernel, bias: Tensor(shape: [3], values: [7, 8, 9]))), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "d", .dense(Dense(kernel: Tensor(shape: [12, 2], repeating: 1))), inputs: [2])
    let masked = try graph.masking([1], of: "c")
    #expect(masked.nodes[1].operation.weights[0].values == [1, 0, 3, 4, 0, 6])
    #expect(masked.nodes[1].operation.weights[1].values == [7, 0, 9])
    let kernelOnly = try graph.masking([1], of: "c", zeroingBias: false)
    #expect(kernelOnly.nodes[1].operation.weights[1].values == [7, 8, 9])
    #expect(graph.nodes[1].operation.weights[0] == kernel)
  }

  @Test("masking a depthwise channel: channel * multiplier + m")
  func maskingDepthwise() throws {
    var graph = try Graph(inputShape: [1, 1, 2])
    let kernel = Tensor(shape: [1, 1, 2, 2], values: [1, 2, 3, 4])
    try graph.append(
      "dw", .depthwiseConvolution(DepthwiseConvolution(kernel: kernel)), inputs: [0])
    let masked = try graph.masking([2], of: "dw")
    #expect(masked.nodes[1].operation.weights[0].values == [1, 2, 0, 4])
    #expect(referenceOutput(masked, image: [10, 100]) == [10, 20, 0, 400])
  }

  @Test("flattened pixels: the rows (h * width + w) * channels + c of the dense kernel go")
  func flatten() throws {
    var graph = try Graph(inputShape: [1, 2, 1])
    try graph.append(
      "c", .convolution(Convolution(kernel: Tensor(shape: [1, 1, 1, 3], values: [1, 2, 3]))),
      inputs: [0], activation: .sigmoid)
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "d", .dense(Dense(kernel: Tensor(shape: [6, 1], values: [1, 10, 100, 1000, 1e4, 1e5]))),
      inputs: [2])
    try graph.append(
      "classes", .dense(Dense(kernel: Tensor(shape: [1, 2], values: [1, -1]))), inputs: [3])
    let smaller = try agree(graph, ["c": [1]])
    // sigmoid(0) = 0.5 at both pixels: 0.5 * 10 + 0.5 * 1e4 goes into a bias that was not there.
    guard case .dense(let d) = smaller.nodes[3].operation else { throw Failure() }
    #expect(d.kernel.values == [1, 100, 1000, 1e5])
    #expect(d.bias?.values == [5005])
  }

  @Test("a permutation that moves the channels ends the search for what makes them")
  func movedChannels() throws {
    // Width and channels have the same extent, so that only the axes tell them apart.
    var net = try NetworkBuilder([4, 3, 2])
    try net.conv("before", 3)
    try net.add("turn", .rearrange(.permutation(axes: [0, 2, 1])))
    try net.add(
      "dw", .depthwiseConvolution(DepthwiseConvolution(kernel: net.tensor([2, 2, 3, 1]))))
    try net.add("flatten", .flatten)
    try net.dense("classes", 3)
    let error = try #require(throws: GraphError.self) {
      try net.graph.removing([1], of: "dw")
    }
    #expect(
      error.description == "layer 'dw': its input channels [1] cannot be removed: 'turn'"
        + " (permutation) makes them; mask the channels instead")
  }

  @Test("DeepID: both readers of pool_3 are rewritten")
  func deepID() throws {
    let graph = try NetworkBuilder.deepID()
    let smaller = try agree(graph, ["conv_3": [0, 2, 6]])
    #expect(try node(smaller, "conv_3").channels == 4)
    #expect(try node(smaller, "conv_4").operation.weights[0].shape[2] == 4)
    #expect(try node(smaller, "flatten_1").channels == node(graph, "flatten_1").channels / 7 * 4)
    #expect(try node(smaller, "flatten_2") == node(graph, "flatten_2"))
    #expect(smaller.parameterCount < graph.parameterCount)
    #expect(smaller.nodes.map(\.name) == graph.nodes.map(\.name))
  }

  @Test("a sum needs the channels gone from all operands: one layer alone is refused")
  func sum() throws {
    let graph = try NetworkBuilder.deepID()
    #expect(
      throws: GraphError(
        node: "add_1",
        "channels of 'fc_1' cannot be removed: it adds to them 'fc_2', which keeps the same"
          + " channels; mask them instead")
    ) { _ = try graph.removing([0], of: "fc_1") }
    let smaller = try agree(graph, ["fc_1": [1, 3], "fc_2": [3, 1]])
    #expect(try node(smaller, "add_1").shape == [3])
  }

  @Test("a residual sum names itself and both layers")
  func residual() throws {
    let graph = try NetworkBuilder.resNet()
    let error = #expect(throws: GraphError.self) {
      _ = try graph.removing([1], of: "block1_conv2")
    }
    #expect(
      error?.description
        == "layer 'block1_add': channels of 'block1_conv2' cannot be removed: it adds to them"
        + " 'stem', which keeps the same channels; mask them instead")
    _ = try agree(graph, ["block2_conv2": [1, 2], "block2_project": [1, 2]])
  }

  @Test("concatenated branches: the offset of each is respected, also when both lose channels")
  func concatenation() throws {
    var net = try NetworkBuilder([6, 5, 2])
    let left = try net.conv("left", 3, activation: .exponential)
    let right = try net.conv("right", 4, from: 0)
    try net.add("both", .concatenate, from: left, 0, right)
    try net.conv("reader", 3, 2, padding: .valid)
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    let smaller = try agree(net.graph, ["left": [1], "right": [0, 3]])
    #expect(try node(smaller, "both").channels == 6)
    #expect(try node(agree(net.graph, ["right": [2]]), "both").channels == 8)
  }

  @Test("a gate loses the channels of what it multiplies")
  func gate() throws {
    let graph = try NetworkBuilder.mobileNet()
    let smaller = try agree(graph, ["conv_pw_1": [2, 5]])
    #expect(try node(smaller, "gated").channels == 4)
    #expect(try node(smaller, "se_expand").channels == 4)
    #expect(try node(smaller, "conv_dw_2").channels == 4)
    #expect(try node(smaller, "conv_pw_2").operation.weights[0].shape == [1, 1, 4, 6])
  }

  @Test("a depthwise channel goes with the channel it reads")
  func depthwise() throws {
    let graph = try NetworkBuilder.mobileNet()
    let smaller = try agree(graph, ["conv_dw_1": [1]])
    #expect(try node(smaller, "conv1").channels == 3)
    #expect(try node(smaller, "conv_dw_1").channels == 3)
  }

  @Test("half of a depthwise channel's copies cannot go alone")
  func depthwiseMultiplier() throws {
    var net = try NetworkBuilder([5, 5, 1])
    try net.conv("c", 3)
    try net.add(
      "dw",
      .depthwiseConvolution(DepthwiseConvolution(kernel: net.tensor([2, 2, 3, 2]))))
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    let smaller = try agree(net.graph, ["dw": [2, 3]])
    #expect(try node(smaller, "c").channels == 2)
    #expect(
      throws: GraphError(
        node: "dw",
        "channels 2 to 3 come from the same input channel and can only be removed together; mask"
          + " them instead")
    ) { _ = try net.graph.removing([3], of: "dw") }
  }

  @Test("groups: as many from each, or whole groups")
  func groups() throws {
    var net = try NetworkBuilder([5, 5, 1])
    try net.conv("c", 6)
    try net.add(
      "g",
      .convolution(
        Convolution(kernel: net.tensor([3, 3, 2, 9]), bias: net.tensor([9]), groups: 3)),
      activation: .relu)
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    // Different places in each group are fine.
    #expect(try node(agree(net.graph, ["c": [0, 3, 4]]), "g").operation.weights[0].shape[2] == 1)
    #expect(try node(agree(net.graph, ["g": [0, 4, 8]]), "g").channels == 6)
    let whole = try agree(net.graph, ["c": [2, 3]])
    guard case .convolution(let g) = try node(whole, "g").operation else { throw Failure() }
    #expect(g.groups == 2 && g.kernel.shape == [3, 3, 2, 6])
    let outputs = try agree(net.graph, ["g": [3, 4, 5]])
    #expect(try node(outputs, "c").channels == 4)
    let error = #expect(throws: GraphError.self) { _ = try net.graph.removing([0], of: "c") }
    #expect(
      error?.description
        == "layer 'g': channels of 'c' cannot be removed: its groups would lose different numbers"
        + " of them; mask them instead")
  }

  @Test("reshaping that keeps the channel axis, and one that mixes it")
  func reshape() throws {
    var net = try NetworkBuilder([4, 4, 1])
    try net.conv("c", 4)
    try net.add("rows", .reshape([16, 4]))
    try net.dense("mix", 3, activation: .tanh)
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    let smaller = try agree(net.graph, ["c": [0, 3]])
    #expect(try node(smaller, "rows").operation == .reshape([16, 2]))
    #expect(try node(agree(net.graph, ["mix": [1]]), "flatten").shape == [32])

    var mixing = try NetworkBuilder([4, 4, 1])
    try mixing.conv("c", 4)
    try mixing.add("columns", .reshape([4, 16]))
    try mixing.dense("mix", 3)
    // [4, 16]: columns 0, 4, 8 and 12 are channel 0 of all pixels; they can go.
    #expect(try node(agree(mixing.graph, ["c": [0]]), "columns").shape == [4, 12])
    var odd = try NetworkBuilder([4, 3, 1])
    try odd.conv("c", 4)
    try odd.add("columns", .reshape([8, 6]))
    try odd.dense("mix", 3)
    let error = #expect(throws: GraphError.self) { _ = try odd.graph.removing([0], of: "c") }
    #expect(error?.node == "columns" && error?.problem.contains("mixes channels") == true)
  }

  @Test("all channels, the classes, a softmax: refused, naming the node")
  func refusals() throws {
    let graph = try NetworkBuilder.deepID()
    let cases: [([Int], String, String)] = [
      (
        Array(0..<7), "conv_3",
        "layer 'conv_3': all its channels would be removed; at least one must stay"
      ),
      (
        [0], "output",
        "layer 'output': channels of 'output' cannot be removed: the classes would change; mask them"
          + " instead"
      ),
      ([7], "conv_3", "layer 'conv_3': it has no channel 7; its channels are 0 to 6"),
      (
        [0], "pool_3",
        "layer 'pool_3': max pooling has no channels of its own; choose a convolution or a dense"
          + " layer: conv_1, conv_2, conv_3, conv_4, fc_1, fc_2"
      ),
      (
        [0], "conv3",
        "layer 'conv3': there is no such layer; those with channels are conv_1, conv_2, conv_3,"
          + " conv_4, fc_1, fc_2"
      ),
    ]
    for (channels, layer, text) in cases {
      let error = #expect(throws: GraphError.self) {
        _ = try graph.removing(channels, of: layer)
      }
      #expect(error?.description == text)
    }
    var net = try NetworkBuilder([4])
    try net.dense("attention", 4, activation: .softmax)
    try net.dense("classes", 2)
    let error = #expect(throws: GraphError.self) {
      _ = try net.graph.removing([0], of: "attention")
    }
    #expect(error?.problem.contains("its softmax depends on them") == true)
  }

  struct Failure: Error {}
}
