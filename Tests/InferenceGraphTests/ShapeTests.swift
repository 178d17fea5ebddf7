import InferenceGraph
import Testing

@Suite("Shapes, and errors that name the node")
struct ShapeTests {
  static let image = [7, 5, 4]

  static func kernel(_ shape: Int...) -> Tensor { Tensor(shape: shape, repeating: 1) }

  /// An operation, its input, and the shape that results.
  static let shapes: [(Graph.Operation, [Int], [Int])] = [
    (.convolution(Convolution(kernel: kernel(3, 2, 4, 6))), image, [5, 4, 6]),
    (.convolution(Convolution(kernel: kernel(3, 2, 4, 6), padding: .same)), image, [7, 5, 6]),
    (
      .convolution(Convolution(kernel: kernel(3, 2, 2, 6), strides: Extent(2, 3), groups: 2)),
      image,
      [3, 2, 6]
    ),
    (
      .convolution(
        Convolution(kernel: kernel(3, 2, 4, 6), strides: Extent(2, 3), padding: .same)), image,
      [4, 2, 6]
    ),
    (
      .convolution(Convolution(kernel: kernel(3, 2, 4, 1), dilation: Extent(3, 4))), image,
      [1, 1, 1]
    ),
    (.depthwiseConvolution(DepthwiseConvolution(kernel: kernel(2, 2, 4, 3))), image, [6, 4, 12]),
    (
      .separableConvolution(
        SeparableConvolution(
          depthwise: DepthwiseConvolution(kernel: kernel(2, 2, 4, 3)),
          pointwise: kernel(1, 1, 12, 5))), image, [6, 4, 5]
    ),
    (.pooling(Pooling(.max, window: Extent(2, 2))), image, [3, 2, 4]),
    (.pooling(Pooling(.average, window: Extent(2, 2), padding: .same)), image, [4, 3, 4]),
    (.globalPooling(.max, keepsDimensions: true), image, [1, 1, 4]),
    (.globalPooling(.average, keepsDimensions: false), image, [4]),
    (.dense(Dense(kernel: kernel(4, 9))), image, [7, 5, 9]),
    (.dense(Dense(kernel: kernel(4, 9), bias: kernel(9))), [4], [9]),
    (
      .batchNormalization(
        BatchNormalization(gamma: nil, beta: kernel(4), mean: kernel(4), variance: kernel(4))),
      image, image
    ),
    (.rescaling(Rescaling(scale: [2])), image, image),
    (.rescaling(Rescaling(scale: [1, 2, 3, 4], offset: [0])), image, image),
    (.flatten, image, [140]),
    (.reshape([35, 4]), image, [35, 4]),
    (.zeroPadding(top: 1, bottom: 2, left: 3, right: 4), image, [10, 12, 4]),
    (
      .convolution(
        Convolution(
          kernel: kernel(3, 2, 4, 6), strides: Extent(2, 3),
          padding: .explicit(top: 1, bottom: 2, left: 0, right: 4))), image, [4, 3, 6]
    ),
    (.activation, image, image),
    (.trainingOnly(.gaussianNoise(deviation: 1)), image, image),
    (.binaryLogits, [1], [2]),
    (.adaptivePooling(AdaptivePooling(height: 3, width: 9)), image, [3, 9, 4]),
    (.parametricReLU(ParametricReLU(alpha: kernel(4))), image, image),
    (.responseNormalization(ResponseNormalization(size: 5)), image, image),
    (.constantValue(ConstantValue(kernel(2, 3))), image, [2, 3]),
    (.rearrange(.selection(axis: -1, indices: [3, 0, 3, 1, 2, 0])), image, [7, 5, 6]),
    (.rearrange(.selection(axis: -3, indices: [6])), image, [1, 5, 4]),
  ]

  @Test("of every operation with one input", arguments: 0..<shapes.count)
  func shape(index: Int) throws {
    let (operation, input, expected) = Self.shapes[index]
    var graph = try Graph(inputShape: input)
    try graph.append("node", operation, inputs: [0])
    #expect(graph.outputShape == expected)
  }

  @Test("of merges")
  func merges() throws {
    var graph = try Graph(inputShape: Self.image)
    let mean = try graph.append("m", .globalPooling(.max, keepsDimensions: true), inputs: [0])
    try graph.append("a", .add, inputs: [mean, 0])
    #expect(graph.outputShape == Self.image)
    try graph.append("p", .multiply, inputs: [0, mean])
    #expect(graph.outputShape == Self.image)
    try graph.append("c", .concatenate, inputs: [0, 0])
    #expect(graph.outputShape == [7, 5, 8])
    let turned = try graph.append(
      "t", .rearrange(.permutation(axes: [0, 2, 1])), inputs: [0])
    try graph.append("matrices", .matrixProduct, inputs: [0, turned])
    #expect(graph.outputShape == [7, 5, 5])
    #expect(throws: GraphError.self) {
      try graph.append("wrong", .matrixProduct, inputs: [0, 0])
    }
  }

  /// An operation that cannot read the image, and a part of the message.
  static let errors: [(Graph.Operation, [Int], String)] = [
    (.input, image, "a graph has one input"),
    (
      .convolution(Convolution(kernel: kernel(3, 3, 3, 2))), image,
      "its kernel has shape [3, 3, 3, 2], where [3, 3, 4, 2] fits"
    ),
    (.convolution(Convolution(kernel: kernel(3, 3, 4))), image, "its kernel has shape [3, 3, 4]"),
    (
      .convolution(Convolution(kernel: kernel(8, 3, 4, 2))), image,
      "a window of 8x3 does not fit into 7x5"
    ),
    (
      .convolution(Convolution(kernel: kernel(1, 1, 4, 2), bias: kernel(3))), image,
      "its bias has shape [3], where [2] fits"
    ),
    (
      .convolution(Convolution(kernel: kernel(1, 1, 1, 4), groups: 3)), image,
      "3 groups do not divide 4 input"
    ),
    (
      .convolution(Convolution(kernel: kernel(1, 1, 4, 2), strides: Extent(0, 1))), image,
      "0x1 is out of range"
    ),
    (
      .convolution(Convolution(kernel: kernel(1, 1, 4, 2))), [4],
      "convolution needs an image [height, width, channels], not [4]"
    ),
    (
      .depthwiseConvolution(DepthwiseConvolution(kernel: kernel(2, 2, 3, 1))), image,
      "its depthwise kernel has shape [2, 2, 3, 1] for 4 channels"
    ),
    (
      .separableConvolution(
        SeparableConvolution(
          depthwise: DepthwiseConvolution(kernel: kernel(2, 2, 4, 1)),
          pointwise: kernel(1, 1, 3, 5))), image, "its pointwise kernel has shape [1, 1, 3, 5]"
    ),
    (.pooling(Pooling(.max, window: Extent(8, 2))), image, "a window of 8x2 does not fit into 7x5"),
    (.pooling(Pooling(.max, window: Extent(2, 0))), image, "out of range"),
    (.globalPooling(.max, keepsDimensions: false), [4, 4], "needs an image"),
    (.dense(Dense(kernel: kernel(5, 9))), image, "its kernel has shape [5, 9], where [4, 9] fits"),
    (
      .batchNormalization(
        BatchNormalization(gamma: kernel(3), beta: nil, mean: kernel(4), variance: kernel(4))),
      image, "its gamma has shape [3], where [4] fits"
    ),
    (.rescaling(Rescaling(scale: [1, 2])), image, "its scale has 2 values for 4 channels"),
    (.reshape([3, 5]), image, "[7, 5, 4] cannot be reshaped to [3, 5]"),
    (.reshape([-140, -1]), image, "cannot be reshaped"),
    (.binaryLogits, [2], "binary logits need a vector of one element, not [2]"),
    (.binaryLogits, [1, 1, 1], "binary logits need a vector of one element, not [1, 1, 1]"),
    (.zeroPadding(top: -1, bottom: 0, left: 0, right: 0), image, "out of range"),
    (.adaptivePooling(AdaptivePooling(height: 0, width: 9)), image, "out of range"),
    (
      .parametricReLU(ParametricReLU(alpha: kernel(3))), image,
      "its alpha has shape [3], where [4] fits"
    ),
    (.responseNormalization(ResponseNormalization(size: 0)), image, "out of range"),
    (.responseNormalization(ResponseNormalization(size: 3, bias: 0)), image, "out of range"),
    (.rearrange(.selection(axis: -1, indices: [4])), image, "position 4 is not on an axis"),
    (.rearrange(.selection(axis: -4, indices: [0])), image, "has no axis -4"),
    (.rearrange(.selection(axis: -1, indices: [])), image, "selects nothing"),
    (.matrixProduct, image, "cannot be multiplied as matrices"),
    // What a hostile file might ask for.
    (.reshape([1 << 62, 1 << 62]), image, "cannot be reshaped"),
    (.zeroPadding(top: 65536, bottom: 0, left: 65536, right: 0), image, "too large"),
    (
      .convolution(
        Convolution(kernel: kernel(3, 1, 4, 2), dilation: Extent(60000, 1), padding: .same)), image,
      "reaches too far beyond 7x5"
    ),
    (
      .convolution(
        Convolution(
          kernel: kernel(3, 1, 4, 2), padding: .explicit(top: 0, bottom: -1, left: 0, right: 0))),
      image, "a padding of [0, -1, 0, 0] is out of range"
    ),
    (
      .convolution(
        Convolution(
          kernel: kernel(3, 1, 4, 2), padding: .explicit(top: .max, bottom: 1, left: 0, right: 0))),
      image, "out of range"
    ),
    (
      .pooling(
        Pooling(
          .max, window: Extent(2, 2), padding: .explicit(top: 0, bottom: 2, left: 0, right: 1))),
      image, "a padding of [0, 2, 0, 1] is too large for a window of 2x2"
    ),
  ]

  @Test("that do not fit are refused", arguments: 0..<errors.count)
  func misfits(index: Int) throws {
    let (operation, input, text) = Self.errors[index]
    var graph = try Graph(inputShape: input)
    let error = #expect(throws: GraphError.self) {
      try graph.append("node", operation, inputs: [0])
    }
    #expect(error?.description.hasPrefix("layer 'node': ") == true)
    #expect(error?.problem.contains(text) == true, "\(error?.problem ?? "")")
    #expect(graph.nodes.count == 1)
  }

  @Test("merges that do not fit, names twice, inputs that are not there")
  func graphErrors() throws {
    var graph = try Graph(inputShape: Self.image)
    try graph.append("flat", .flatten, inputs: [0])
    for operation in [Graph.Operation.add, .multiply, .concatenate] {
      let error = #expect(throws: GraphError.self) {
        try graph.append("m", operation, inputs: [0, 1])
      }
      #expect(error?.node == "m" && error?.problem.contains("[[7, 5, 4], [140]]") == true)
    }
    #expect(throws: GraphError(node: "flat", "another node has this name")) {
      try graph.append("flat", .activation, inputs: [0])
    }
    #expect(throws: GraphError(node: "x", "it reads node 2, which does not exist yet")) {
      try graph.append("x", .activation, inputs: [2])
    }
    #expect(throws: GraphError(node: "x", "flatten cannot read 2 inputs")) {
      try graph.append("x", .flatten, inputs: [0, 1])
    }
    #expect(throws: GraphError.self) { _ = try Graph(inputShape: [3, 0, 1]) }
    #expect(throws: GraphError.self) { _ = try Graph(inputShape: []) }
    #expect(throws: GraphError.self) { _ = try Graph(inputShape: [1 << 24, 1 << 24, 1 << 24]) }
  }
}
