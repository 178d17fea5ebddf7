import Foundation
import InferenceGraph
import ReferenceInference
import Synchronization
import Testing

@Suite("The executor, operation by operation")
struct ExecutorGoldenTests {
  /// Returns the values of the output node for all images, in order.
  static func observe(
    _ graph: Graph, _ source: ArraySource, options: ExecutionOptions = ExecutionOptions()
  ) throws -> [Float] {
    let size = graph.outputShape.reduce(1, *)
    let executor = try Executor(
      [Model(graph: graph)], observing: [(0, graph.nodes[graph.output].name)], options: options)
    let result = Mutex([Float](repeating: 0, count: source.count * size))
    try executor.run(source) { batch in
      let range = batch.indices.lowerBound * size..<batch.indices.upperBound * size
      let values = batch.values(ofObservation: 0)
      result.withLock { $0.replaceSubrange(range, with: values) }
    }
    return result.withLock { $0 }
  }

  @Test("computes what Keras computed, to 1e-5, in any lane", arguments: GoldenCase.all)
  func golden(golden: GoldenCase) throws {
    let graph = try golden.graph()
    // 19 images, a block and a bit: Keras's in the first and last lane of each, others between.
    let others = SplitMix64.images(19, graph.inputShape, seed: 1)
    var values = others.values
    let size = golden.input.count
    for image in [0, 15, 16, 18] {
      values.replaceSubrange(image * size..<(image + 1) * size, with: golden.input)
    }
    let source = ArraySource(values, imageShape: graph.inputShape)
    let output = try Self.observe(graph, source)
    let count = golden.output.count
    #expect(output.count == 19 * count)
    for image in [0, 15, 16, 18] {
      for (i, keras) in golden.output.enumerated() {
        let mine = Double(output[image * count + i])
        guard abs(mine - keras) > 1e-5 * max(1, abs(keras)) else { continue }
        Issue.record("image \(image), element \(i): \(mine), Keras \(keras)")
        return
      }
    }
  }

  @Test("planes of images are transposed on the way in")
  func planes() throws {
    let graph = try RandomGraph.make(seed: 5)
    let source = SplitMix64.images(21, graph.inputShape, seed: 2)
    let (h, w, c) = (graph.inputShape[0], graph.inputShape[1], graph.inputShape[2])
    var values: [Float] = []
    for image in 0..<21 {
      for channel in 0..<c {
        for pixel in 0..<h * w {
          values.append(source.values[(image * h * w + pixel) * c + channel])
        }
      }
    }
    let planes = ArraySource(values, imageShape: graph.inputShape, layout: .nchw)
    #expect(try Self.observe(graph, planes) == Self.observe(graph, source))
  }

  @Test("masked and physically smaller models agree to 1e-5", arguments: 0..<40)
  func smaller(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let source = SplitMix64.images(17, graph.inputShape, seed: 3)
    for layer in graph.prunableLayers {
      guard let smaller = try? graph.removing([0], of: layer) else { continue }
      let a = try Self.observe(graph.masking([0], of: layer), source)
      let b = try Self.observe(smaller, source)
      let size = max(1, a.map { abs($0) }.max() ?? 1)
      let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 1e-5 * size, "\(layer)")
    }
  }

  @Test("predictions are the largest output, ties the lowest class; divergence is Kullback's")
  func predictions() throws {
    // Logits are the pixels themselves: what comes out can be worked out by hand.
    func model(_ weights: [Float]) throws -> Model {
      var graph = try Graph(inputShape: [1, 1, 3])
      try graph.append("flatten", .flatten, inputs: [0])
      try graph.append(
        "classes", .dense(Dense(kernel: Tensor(shape: [3, 3], values: weights))), inputs: [1],
        activation: .softmax)
      return Model(graph: graph)
    }
    let same = try model([1, 0, 0, 0, 1, 0, 0, 0, 1])
    let zero = try model(Array(repeating: 0, count: 9))
    let images: [[Float]] = [[0, 2, 1], [3, 3, 1], [-5, -1, -1], [90, -90, 0], [0, 0, 0]]
    let source = ArraySource(images.flatMap { $0 }, imageShape: [1, 1, 3])
    let executor = try Executor([same, zero])
    #expect(try executor.labels(for: source) == [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    try executor.run(source) { batch in
      let forward = batch.divergence(from: 0, to: 1)
      let backward = batch.divergence(from: 1, to: 0)
      for (i, image) in images.enumerated() {
        let p = image.map { exp(Double($0)) }
        let total = p.reduce(0, +)
        let toUniform = p.reduce(0) { $0 + $1 / total * log($1 / total * 3) }
        let fromUniform = p.reduce(0) { $0 - log($1 / total * 3) / 3 }
        #expect(abs(Double(forward[i]) - toUniform) < 1e-5)
        #expect(abs(Double(backward[i]) - fromUniform) < 1e-5 * max(1, fromUniform))
      }
    }
  }

  @Test("a softmax over the channels of an image is a row's, also where it is the output")
  func imageSoftmax() throws {
    var graph = try Graph(inputShape: [2, 2, 3])
    try graph.append("softmax", .activation, inputs: [0], activation: .softmax)
    let source = SplitMix64.images(3, [2, 2, 3], seed: 4)
    let model = Model(graph: graph)
    let expected = (0..<3).flatMap {
      referenceOutput(graph, image: Array(source.values[$0 * 12..<($0 + 1) * 12]))
    }
    let got = try ExecutorTests.outputs([model], source)[0]
    #expect(got.count == expected.count)
    for (mine, right) in zip(got, expected) { #expect(abs(Double(mine) - right) < 1e-5) }
  }

  @Test("progress counts every image once; no images, no calls")
  func progress() throws {
    let graph = try RandomGraph.make(seed: 6)
    let counts = Mutex<[Int]>([])
    let executor = try Executor([Model(graph: graph)], options: ExecutionOptions(threads: 2))
    let source = SplitMix64.images(401, graph.inputShape, seed: 5)
    _ = try executor.labels(for: source) { done in counts.withLock { $0.append(done) } }
    #expect(counts.withLock { $0.max() } == 401)
    #expect(counts.withLock { Set($0).count == $0.count })
    let empty = ArraySource([], imageShape: graph.inputShape)
    #expect(try executor.labels(for: empty) == [[]])
  }
}

extension SplitMix64 {
  /// Returns images with values in -1...1.
  static func images(_ count: Int, _ shape: [Int], seed: UInt64) -> ArraySource {
    var random = SplitMix64(seed: seed)
    return ArraySource(random.floats(count * shape.reduce(1, *)), imageShape: shape)
  }
}
