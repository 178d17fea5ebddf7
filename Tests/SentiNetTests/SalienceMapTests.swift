import DefenseKit
import DefenseKitTesting
import Testing

@testable import SentiNet

@Suite("Salient regions")
struct SalienceMapTests {
  /// Two channels, the image and its negative plus one; class 0 weighs them 1 and 0, class 1 -1 and 3.
  private func network(_ side: Int) throws -> Model {
    var graph = try Graph(inputShape: [side, side, 1])
    let convolution = Convolution(
      kernel: Tensor(shape: [1, 1, 1, 2], values: [1, -1]),
      bias: Tensor(shape: [2], values: [0, 1]), padding: .same)
    try graph.append("conv", .convolution(convolution), inputs: [0])
    try graph.append("mean", .globalPooling(.average, keepsDimensions: false), inputs: [1])
    let kernel = Tensor(shape: [2, 2], values: [1, -1, 0, 3])
    try graph.append(
      "output", .dense(Dense(kernel: kernel, bias: Tensor(shape: [2], repeating: 0))), inputs: [2],
      activation: .softmax)
    return Model(graph: graph, name: "network")
  }

  @Test("By hand: weights are mean gradients, the map their sum with the features, cut at 0")
  func byHand() throws {
    let map = try SalienceMap(network(2), at: "conv", share: 0.25, .gradCAM, in: RunContext())
    let image: [Float] = [0.5, 1, 0.25, 0]
    let features = image.flatMap { [$0, 1 - $0] }
    // d mean / d feature = 1/4: weights 1/4 and 0, or -1/4 and 3/4.
    let gradients = try map.gradients(at: features + features, [.class(0), .class(1)])
    #expect(gradients[..<8].elementsEqual((0..<8).map { $0 % 2 == 0 ? 0.25 : 0 }))
    #expect(gradients[8...].elementsEqual((0..<8).map { $0 % 2 == 0 ? -0.25 : 0.75 }))
    #expect(map.map(features[...], gradients[..<8]) == [0.125, 0.25, 0.0625, 0])
    // -x / 4 + 3 (1 - x) / 4 = (3 - 4 x) / 4.
    #expect(map.map(features[...], gradients[8...]) == [0.25, 0, 0.5, 0.75])
    // Before a global average each value's own gradient gives the same.
    let own = try SalienceMap(network(2), at: "conv", share: 0.25, .hiResCAM, in: RunContext())
    #expect(own.map(features[...], gradients[..<8]) == [0.125, 0.25, 0.0625, 0])
    let uneven: [Float] = [1, 0, 0, 0, -2, 1, 0, 0]
    #expect(own.map(features[...], uneven[...]) == [0.5, 0, 0.25, 0])
    #expect(map.map(features[...], uneven[...]).map { $0 > 0 } == [false, false, true, true])
    let regions = try map.regions(
      of: features + features + features, [.class(0), .class(1), .undefined])
    #expect(regions == [[1], [3], []])
    #expect(try map.regions(of: Array(repeating: 0, count: 8), [.class(0)]) == [[]])
    #expect(try map.regions(of: Array(repeating: .infinity, count: 8), [.class(0)]) == [[]])
  }

  @Test("By hand: a map of 2 x 2 enlarged to 4 x 4; only positive pixels, ties in order")
  func enlargement() throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append(
      "conv",
      .convolution(
        Convolution(
          kernel: Tensor(shape: [2, 2, 1, 1], repeating: 1), bias: nil,
          strides: Extent(2, 2), padding: .same)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [4, 2], repeating: 1))), inputs: [2])
    func region(_ share: Double, _ map: [Double]) throws -> [Int] {
      try SalienceMap(Model(graph: graph), at: "conv", share: share, .gradCAM, in: RunContext())
        .region(of: map)
    }
    // Rows and columns lie at 0, 0.25, 0.75 and 1 between the cells.
    #expect(try region(1 / 16, [0, 0, 0, 1]) == [15])
    #expect(try region(3 / 16, [0, 0, 0, 1]) == [11, 14, 15])
    #expect(try region(15 / 16, [0, 0, 0, 1]) == [5, 6, 7, 9, 10, 11, 13, 14, 15])
    #expect(try region(4 / 16, [1, 1, 1, 1]) == [0, 1, 2, 3])
    #expect(try region(0.001, [0, 2, 0, 0]) == [3])
  }

  @Test("On a trained network the map is that of a plain computation in Double, within 1e-4")
  func independent() throws {
    let problem = try ToyProblem.standard()
    let model = problem.plain.model
    let map = try SalienceMap(model, at: "conv_2", share: 0.15, .gradCAM, in: RunContext())
    let executor = try Executor([model], observing: [(0, "conv_2")])
    let features = try executor.observations(of: problem.testImages.dataSet())[0]
    let predictions = try executor.predictions(for: problem.testImages.dataSet())[0]
    let gradients = try map.gradients(at: features, predictions)
    func weights(_ layer: String) throws -> [[Double]] {
      let node = model.graph.nodes[try #require(model.graph.index(of: layer))]
      return node.operation.weights.map { $0.values.map { Double($0) } }
    }
    let (hidden, output) = (try weights("fc_1"), try weights("output"))
    for image in 0..<predictions.count {
      let own = image * 192..<(image + 1) * 192
      let values = features[own].map { Double($0) }
      guard case .class(let number) = predictions[image] else { continue }
      // Pooling 2 x 2, 16 hidden units with rectifiers, 4 classes.
      var pooled = Array(repeating: 0.0, count: 48)
      for place in 0..<48 {
        let (cell, channel) = (place / 12, place % 12)
        let corner = cell / 2 * 8 + cell % 2 * 2
        for pixel in [corner, corner + 1, corner + 4, corner + 5] {
          pooled[place] = max(pooled[place], values[pixel * 12 + channel])
        }
      }
      // The gradient of a pooled value goes to one pixel, so that the mean over 16 is a 16th.
      var expected = Array(repeating: 0.0, count: 12)
      for unit in 0..<16 {
        var sum = hidden[1][unit]
        for place in 0..<48 { sum += pooled[place] * hidden[0][place * 16 + unit] }
        guard sum > 0 else { continue }
        for place in 0..<48 {
          let gradient = hidden[0][place * 16 + unit] * output[0][unit * 4 + number]
          expected[place % 12] += gradient / 16
        }
      }
      let found = map.map(features[own], gradients[own])
      for pixel in 0..<16 {
        var sum = 0.0
        for channel in 0..<12 { sum += expected[channel] * values[pixel * 12 + channel] }
        #expect(abs(found[pixel] - max(0, sum)) < 1e-4, "image \(image)")
      }
    }
  }
}
