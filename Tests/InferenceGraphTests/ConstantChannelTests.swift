import InferenceGraph
import ReferenceInference
import Testing

@Suite("Removed channels that are constants other than zero")
struct ConstantChannelTests {
  @Test("normalized constants in front of zero padding: one masked channel carries them")
  func carrier() throws {
    for preActivation in [false, true] {
      let graph = try NetworkBuilder.resNet(preActivation: preActivation)
      let smaller = try agree(graph, ["block2_conv1": [0, 1, 2, 3, 4]])
      // relu of the normalized zero is positive for some of the five: one of these stays.
      #expect(try node(smaller, "block2_conv1").channels == 2)
    }
  }

  @Test("both operands of a sum keep the channel that carries constants")
  func carrierThroughSum() throws {
    var net = try NetworkBuilder([6, 5, 2])
    let stem = try net.conv("stem", 5, activation: .sigmoid)
    try net.conv("long", 5, activation: .linear)
    let long = try net.normalize("bn")
    try net.add("sum", .add, from: stem, long, activation: .elu())
    try net.conv("reader", 3)
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    let smaller = try agree(net.graph, ["stem": [0, 2, 4], "long": [4, 2, 0]])
    #expect(try node(smaller, "stem").channels == 3)
    #expect(try node(smaller, "long").channels == 3)
    #expect(try node(smaller, "reader").operation.weights[0].shape == [3, 3, 3, 3])
  }

  @Test("normalization and per-channel factors lose entries; a border of zeros is respected")
  func factors() throws {
    var net = try NetworkBuilder([6, 5, 2])
    try net.conv("c", 4)
    try net.normalize("bn")
    try net.add("scaled", .rescaling(Rescaling(scale: [1, 2, 3, 4], offset: [4, 3, 2, 1])))
    try net.add("border", .zeroPadding(top: 1, bottom: 0, left: 2, right: 1))
    try net.add(
      "mean", .pooling(Pooling(.average, window: Extent(3, 2), strides: .one, padding: .same)))
    try net.add("flatten", .flatten)
    try net.dense("classes", 2)
    let smaller = try agree(net.graph, ["c": [1, 2]])
    #expect(
      try node(smaller, "scaled").operation
        == .rescaling(Rescaling(scale: [1, 4], offset: [4, 1])))
    #expect(try node(smaller, "bn").operation.weights.map(\.count) == [2, 2, 2, 2])
    #expect(smaller.parameterCount < net.graph.parameterCount)
  }

  @Test("a single constant that nothing can stand for is refused")
  func noCarrier() throws {
    var net = try NetworkBuilder([6, 6, 1])
    try net.conv("c1", 3, activation: .sigmoid)
    try net.conv("c2", 3)
    try net.add("gap", .globalPooling(.average, keepsDimensions: false))
    try net.dense("classes", 2)
    let error = #expect(throws: GraphError.self) { _ = try net.graph.removing([1], of: "c1") }
    #expect(error?.node == "c2")
    #expect(
      error?.problem
        == "channels of 'c1' cannot be removed: masked, they are constants other than zero, which"
        + " its bias cannot stand for at the border; mask them instead")
    let smaller = try agree(net.graph, ["c1": [0, 1]])
    #expect(try node(smaller, "c1").channels == 2)
  }

  @Test("constants that differ from pixel to pixel are folded where pixels have their own weights")
  func constantMaps() throws {
    for depthwise in [false, true] {
      var net = try NetworkBuilder([5, 4, 1])
      try net.conv("c", 6, activation: .sigmoid)
      if depthwise {
        try net.depthwise("dw", activation: .tanh)
      } else {
        try net.add(
          "g",
          .convolution(
            Convolution(
              kernel: net.tensor([3, 3, 2, 9]), bias: net.tensor([9]), padding: .same, groups: 3)),
          activation: .tanh)
      }
      try net.add(
        "pool", .pooling(Pooling(.max, window: Extent(2, 2), strides: .one, padding: .same)))
      try net.add("flatten", .flatten)
      try net.dense("classes", 2)
      let smaller = try agree(net.graph, ["c": [2, 3]])
      #expect(try node(smaller, "c").channels == 4)
      #expect(try node(smaller, "pool").channels == (depthwise ? 4 : 6))
    }
  }
}
