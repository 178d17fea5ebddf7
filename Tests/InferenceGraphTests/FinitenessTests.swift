import ReferenceInference
import Synchronization
import Testing

@testable import InferenceGraph

/// Finite weights and images whose products are not finite.
@Suite struct FinitenessTests {
  static let huge: Float = 1e30

  private static func dense(_ values: [Float], _ inputs: Int) -> Graph.Operation {
    .dense(Dense(kernel: Tensor(shape: [inputs, values.count / inputs], values: values)))
  }

  /// Values of a node for each image, in order.
  private static func values(_ graph: Graph, _ node: String, _ source: ArraySource) throws
    -> [[Float]]
  {
    let executor = try Executor([Model(graph: graph)], observing: [(0, node)])
    let rows = Mutex([[Float]](repeating: [], count: source.count))
    try executor.run(source) { batch in
      let all = batch.values(ofObservation: 0)
      let size = all.count / batch.indices.count
      rows.withLock {
        for (position, image) in batch.indices.enumerated() {
          $0[image] = Array(all[position * size..<(position + 1) * size])
        }
      }
    }
    return rows.withLock { $0 }
  }

  // MARK: NaN in kernels

  static let activations: [Activation] = [
    .linear, .relu(), .relu(cap: 6), .relu(slope: 0.1), .relu(threshold: 1), .elu(), .selu, .celu(),
    .sigmoid, .hardSigmoid(), .hardSiLU, .hardTanh, .silu, .tanh, .tanhShrink, .softplus, .softsign,
    .logSigmoid, .exponential, .gelu(), .gelu(approximate: true), .mish, .squareplus, .hardShrink,
    .softShrink, .softmax, .logSoftmax,
  ]

  /// NaN made by 1e10 * 1e38 * 0 goes through every activation, and stays in its image.
  @Test(arguments: activations)
  func activationsKeepNaN(_ activation: Activation) throws {
    var graph = try Graph(inputShape: [3])
    try graph.append("big", .rescaling(Rescaling(scale: [1e38])), inputs: [0])
    try graph.append("nan", .rescaling(Rescaling(scale: [0])), inputs: [1])
    try graph.append("out", .activation, inputs: [2], activation: activation)
    let images = (0..<20).flatMap { $0 % 3 == 1 ? [0, 1e10, 0] : [Float](repeating: 0, count: 3) }
    let source = ArraySource(images, imageShape: [3])
    for (image, row) in try Self.values(graph, "out", source).enumerated() {
      #expect(row[1].isNaN == (image % 3 == 1), "image \(image): \(row)")
      if image % 3 != 1 { #expect(row.allSatisfy { $0.isFinite }) }
    }
    let classes = try Executor([Model(graph: graph)]).labels(for: source)[0]
    for image in 0..<20 { #expect((classes[image] == noClass) == (image % 3 == 1)) }
  }

  /// Maximum pooling of every kind passes NaN on from wherever it stands in the window: 1x1
  /// convolutions that it is fused into with and without ReLU, pooling by itself, global pooling.
  @Test(arguments: [false, true], 0..<4)
  func poolingKeepsNaN(rectifies: Bool, position: Int) throws {
    for (window, fused) in [(2, true), (2, false), (3, false), (4, false)] {
      var graph = try Graph(inputShape: [4, 4, 1])
      try graph.append("big", .rescaling(Rescaling(scale: [1e38])), inputs: [0])
      try graph.append("nan", .rescaling(Rescaling(scale: [0])), inputs: [1])
      if fused {
        let kernel = Tensor(shape: [1, 1, 1, 2], values: [1, -1])
        try graph.append(
          "conv", .convolution(Convolution(kernel: kernel)), inputs: [2],
          activation: rectifies ? .relu() : .linear)
      } else {
        try graph.append(
          "conv", .activation, inputs: [2], activation: rectifies ? .relu() : .linear)
      }
      let pool: Graph.Operation =
        window == 4
        ? .globalPooling(.max, keepsDimensions: true)
        : .pooling(Pooling(.max, window: Extent(window, window), padding: .same))
      try graph.append("pool", pool, inputs: [3])
      var image = [Float](repeating: 0, count: 16)
      image[position / 2 * 4 + position % 2] = 1e10
      let rows = try Self.values(
        graph, "pool", ArraySource(image + image.map { _ in 0 }, imageShape: [4, 4, 1]))
      let channels = fused ? 2 : 1
      for (element, value) in rows[0].enumerated() {
        #expect(value.isNaN == (element < channels), "\(window), \(fused): \(rows[0])")
      }
      #expect(rows[1].allSatisfy { $0 == 0 })
    }
  }

  /// The same behind a convolution by Winograd's algorithm.
  @Test(arguments: [false, true], 0..<4)
  func winogradPoolingKeepsNaN(rectifies: Bool, position: Int) throws {
    var graph = try Graph(inputShape: [8, 8, 12])
    let kernel = Tensor(shape: [3, 3, 12, 12], repeating: 0.1)
    try graph.append("big", .rescaling(Rescaling(scale: [1e38])), inputs: [0])
    try graph.append("nan", .rescaling(Rescaling(scale: [0])), inputs: [1])
    try graph.append(
      "conv", .convolution(Convolution(kernel: kernel, padding: .same)), inputs: [2],
      activation: rectifies ? .relu() : .linear)
    try graph.append("pool", .pooling(Pooling(.max, window: Extent(2, 2))), inputs: [3])
    var image = [Float](repeating: 0, count: 768)
    image[((2 + position / 2) * 8 + 2 + position % 2) * 12] = 1e10
    let row = try Self.values(graph, "pool", ArraySource(image, imageShape: [8, 8, 12]))[0]
    for channel in 0..<12 {
      #expect(row[(4 + 1) * 12 + channel].isNaN)
      #expect(row[15 * 12 + channel] == 0)
    }
  }

  // MARK: Classes

  /// By hand: 1e10 * 1e30 is infinite. Where a layer reads it there is no class, even if ReLU makes
  /// zeros of what that layer gives; where only a sigmoid or ReLU sees it, the limit counts.
  @Test func classesByHand() throws {
    let (huge, source) = (Self.huge, ArraySource([1, 0, 1e10, 0, -1e10, 0], imageShape: [2]))
    func classes(_ layers: [([Float], Activation)]) throws -> [Int32] {
      var graph = try Graph(inputShape: [2])
      for (index, layer) in layers.enumerated() {
        try graph.append(
          "layer_\(index)", Self.dense(layer.0, 2), inputs: [index], activation: layer.1)
      }
      return try Executor([Model(graph: graph)]).labels(for: source)[0]
    }
    let (wide, same): ([Float], [Float]) = ([huge, 0, 0, huge], [1, 0, 0, 1])
    // Scores: infinite before a softmax, and minus infinite.
    #expect(try classes([(wide, .softmax)]) == [0, noClass, noClass])
    #expect(try classes([(wide, .linear)]) == [0, noClass, noClass])
    // ReLU of minus infinity is 0, which nobody read as an infinity.
    #expect(try classes([(wide, .relu()), (same, .softmax)]) == [0, noClass, 0])
    // The limits of the sigmoid: (1, 0.5) and (0, 0.5).
    #expect(try classes([(wide, .sigmoid)]) == [0, 0, 1])
    // An infinity hidden by negative weights and ReLU; all scores are finite.
    #expect(
      try classes([(wide, .relu()), ([-1, -1, 1, 1], .relu()), (same, .softmax)])
        == [0, noClass, 0])
  }

  @Test func divergenceWithoutClassIsNaN() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "hidden", Self.dense([Self.huge, 0, 0, 1], 2), inputs: [0], activation: .relu())
    try graph.append("minus", Self.dense([-1, -1, 1, 1], 2), inputs: [1], activation: .relu())
    try graph.append("out", Self.dense([1, 0, 0, 1], 2), inputs: [2], activation: .softmax)
    var other = try Graph(inputShape: [2])
    try other.append("out", Self.dense([1, 0, 0, 1], 2), inputs: [0], activation: .softmax)
    let executor = try Executor([Model(graph: other), Model(graph: graph)])
    let result = Mutex<[Float]>([])
    try executor.run(ArraySource([0, 1, 1e10, 0], imageShape: [2])) { batch in
      result.withLock { $0 = batch.divergence(from: 0, to: 1) + batch.divergence(from: 1, to: 0) }
    }
    #expect(result.withLock { $0.map(\.isNaN) } == [false, true, false, true])
  }

  // MARK: Sweeps and sharing

  /// A random network with one layer's weights blown up, and images of very different sizes.
  private static func broken(seed: Int) throws -> (Graph, ArraySource) {
    var graph = try RandomGraph.make(seed: UInt64(seed))
    var random = SplitMix64(seed: UInt64(seed) + 99)
    let layers = graph.nodes.indices.filter { graph.nodes[$0].operation.hasOwnChannels }
    let index = layers[random.int(0...layers.count - 1)]
    let factor: Float = [1e12, 1e25, 1e36][random.int(0...2)]
    func blown(_ tensor: Tensor) -> Tensor {
      Tensor(shape: tensor.shape, values: tensor.values.map { $0 * factor })
    }
    switch graph.nodes[index].operation {
    case .convolution(var c):
      c.kernel = blown(c.kernel)
      graph.nodes[index].operation = .convolution(c)
    case .depthwiseConvolution(var c):
      c.kernel = blown(c.kernel)
      graph.nodes[index].operation = .depthwiseConvolution(c)
    case .separableConvolution(var c):
      c.pointwise = blown(c.pointwise)
      graph.nodes[index].operation = .separableConvolution(c)
    case .dense(var d):
      d.kernel = blown(d.kernel)
      graph.nodes[index].operation = .dense(d)
    default: break
    }
    let plain = ExecutorTests.images(70, shape: graph.inputShape, seed: UInt64(seed))
    let size = graph.inputShape.reduce(1, *)
    let values = plain.values.enumerated().map { element, value in
      value * [1, 1e3, 1e13, 1e-20][element / size % 4]
    }
    return (graph, ArraySource(values, imageShape: graph.inputShape))
  }

  /// Each step's predictions are those of the masked model run alone, on images that overflow and
  /// others, whatever is shared and with any number of threads.
  @Test(arguments: 0..<80)
  func sweepsPredictWhatTheMaskedModelsPredict(seed: Int) throws {
    let (graph, source) = try Self.broken(seed: seed)
    for layer in graph.prunableLayers.suffix(4) {
      let sweep = try ChannelSweep(model: Model(graph: graph), layer: layer)
      var random = SplitMix64(seed: UInt64(seed))
      let order = (0..<sweep.channelCount).shuffled(using: &random)
      let models = try (0...order.count).map {
        Model(graph: try graph.masking(Array(order[..<$0]), of: layer))
      }
      let alone = try models.map {
        try Executor([$0], options: .init(threads: 1, sharing: false)).labels(for: source)[0]
      }
      #expect(try Executor(models).labels(for: source) == alone, "\(layer) together")
      for threads in [1, 3] {
        let sweep = try ChannelSweep(
          model: Model(graph: graph), layer: layer, options: .init(threads: threads))
        let recording = try sweep.record(source, takingMeans: false)
        #expect(recording.labels == alone[0])
        #expect(try recording.labels(masking: order) == alone, "\(layer)")
        let again = try sweep.record(source, memory: 0, takingMeans: false)
        #expect(try again.labels(masking: order) == alone, "\(layer), read again")
      }
    }
  }

  /// The test above is worth something only if both kinds of images occur.
  @Test func brokenNetworksAreBrokenForSomeImages() throws {
    var (mixed, without, recovered) = (0, 0, 0)
    for seed in 0..<80 {
      let (graph, source) = try Self.broken(seed: seed)
      let classes = try Executor([Model(graph: graph)]).labels(for: source)[0]
      let count = classes.count { $0 == noClass }
      without += count
      if count > 0, count < classes.count { mixed += 1 }
      for layer in graph.prunableLayers.suffix(4) {
        let channels = Array(0..<graph.nodes[graph.index(of: layer)!].channels)
        let masked = Model(graph: try graph.masking(channels, of: layer))
        let after = try Executor([masked]).labels(for: source)[0]
        recovered += zip(classes, after).count { $0 == noClass && $1 != noClass }
      }
    }
    #expect(mixed > 15 && without > 300 && recovered > 100, "\(mixed) \(without) \(recovered)")
  }

  /// Large numbers that are finite all the way, next to small ones that decide: an update by
  /// differences would keep nothing of the small ones.
  @Test func cancellationIsEvaluatedInFull() throws {
    var graph = try Graph(inputShape: [1, 1, 3])
    let kernel = Tensor(shape: [1, 1, 3, 3], values: [1e20, 0, 0, 0, 1, 0, 0, 0, 1])
    try graph.append("conv", .convolution(Convolution(kernel: kernel)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append("out", Self.dense([1, 1, 1, 0, 0, 1, 0, 1, 0], 3), inputs: [2])
    let source = ArraySource([1, 3, 2, 1, 2, 3, 0, 2, 3], imageShape: [1, 1, 3])
    let sweep = try ChannelSweep(model: Model(graph: graph), layer: "conv")
    let got = try sweep.record(source, takingMeans: false).labels(masking: [0])
    #expect(got[1] == [2, 1, 1])
  }

  // MARK: Rankings

  /// Three channels; the second is infinite for image 5, the last for images 5 and 7.
  private func ranked() throws -> (ChannelSweep, ArraySource) {
    var graph = try Graph(inputShape: [1, 1, 3])
    let kernel = Tensor(shape: [1, 1, 3, 3], values: [1, 0, 0, 0, 1e30, 0, 0, 0, 1e30])
    try graph.append(
      "conv", .convolution(Convolution(kernel: kernel)), inputs: [0], activation: .relu())
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append("out", Self.dense([1, 0, 0, 0, 1, 0, 0, 0, 1], 3), inputs: [2])
    var values = [Float](repeating: 1e-25, count: 3 * 40)
    values[3 * 5 + 1] = 1e10
    values[3 * 5 + 2] = 1e10
    values[3 * 7 + 2] = 1e10
    return (
      try ChannelSweep(model: Model(graph: graph), layer: "conv"),
      ArraySource(values, imageShape: [1, 1, 3])
    )
  }

  @Test func channelsThatCannotBeRankedAreNamed() throws {
    let (sweep, source) = try ranked()
    let error = #expect(throws: SampleError.self) { try sweep.record(source) }
    #expect(
      error?.description
        == "image 5: layer 'conv' cannot be ranked: in 2 of its 3 channels (first: 1) values are not "
        + "finite or too large to average, on 2 of 40 images (first: this one); rank an earlier layer "
        + "or leave these images out")
    let recording = try sweep.record(source, takingMeans: false)
    #expect(recording.frontierMeans == [])
    #expect(
      recording.labels.indices.filter { recording.labels[$0] == noClass } == [5, 7])
    let steps = try recording.labels(masking: [1, 2])
    #expect(steps.map { $0[5] == noClass } == [true, true, false])
    #expect(steps.map { $0[7] == noClass } == [true, true, false])
  }

  /// An infinity before the layer that its ReLU hides: the zeros it leaves are no means either.
  @Test func hiddenInfinitiesCannotBeRanked() throws {
    var graph = try Graph(inputShape: [1, 1, 1])
    for (index, weight) in [Self.huge, -1, 1].enumerated() {
      try graph.append(
        "conv_\(index)",
        .convolution(Convolution(kernel: Tensor(shape: [1, 1, 1, 1], values: [weight]))),
        inputs: [index], activation: .relu())
    }
    try graph.append("flatten", .flatten, inputs: [3])
    try graph.append("out", Self.dense([1, 1], 1), inputs: [4])
    let sweep = try ChannelSweep(model: Model(graph: graph), layer: "conv_2")
    _ = try sweep.record(ArraySource([1, 2], imageShape: [1, 1, 1]))
    let source = ArraySource([1, 1e10], imageShape: [1, 1, 1])
    #expect(throws: SampleError.self) { try sweep.record(source) }
    let steps = try sweep.record(source, takingMeans: false).labels(masking: [0])
    #expect(steps == [[0, noClass], [0, noClass]])
  }

  /// A scale that makes an infinity of a finite pixel is noticed where images are read.
  @Test func scaledImagesAreChecked() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append("out", Self.dense([1, 0, 0, 1], 2), inputs: [0])
    let model = Model(graph: graph, preprocessing: Preprocessing(scale: 1e30))
    #expect(throws: SampleError.self) {
      try Executor([model]).labels(for: ArraySource([1, 1e10], imageShape: [2]))
    }
  }
}
