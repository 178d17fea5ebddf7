import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// Compares a graph's gradients with central differences in double precision.
///
/// Single weights, chosen at random, are moved by 1e-6 each way; so is a whole tensor along two random
/// directions of signs, which no element escapes. The images are such that elements do not come so close to
/// a kink that single and double precision might take different sides of it.
struct GradientCheck {
  var graph: Graph
  var images = 17
  var isTraining = true
  var freezesNormalization = false
  var smoothing: Float = 0
  /// Inner nodes, chosen at random, of whose values a linear function is part of the loss.
  var innerNodes = 0
  /// Weights looked at one by one, of each tensor.
  var samples = 24
  /// What a gradient may be off, relative to its tensor's largest.
  var tolerance = 1e-4
  var seed: UInt64 = 1

  private static let step = 1e-6

  /// The largest error found, relative to the tensor's largest.
  @discardableResult
  func run() throws -> Double {
    var random = SplitMix64(seed: seed)
    let network = ReferenceNetwork(
      graph, usesBatchStatistics: isTraining && !freezesNormalization)
    let (values, base) = awayFromKinks(network, &random)
    let classes = graph.outputShape.reduce(1, *)
    let labels = (0..<images).map { _ in Int32(random.int(0...classes - 1)) }
    let source = ArraySource(values, imageShape: graph.inputShape)
    let part = LinearPart(graph, images: images, nodes: innerNodes, &random)
    let weights = try checkWeights(network, base, source, labels, part, &random)
    return max(weights, try checkInput(network, base, source, labels, part, &random))
  }

  // MARK: Weights

  private func checkWeights(
    _ network: ReferenceNetwork, _ base: ReferenceNetwork.Results, _ source: ArraySource,
    _ labels: [Int32], _ part: LinearPart, _ random: inout SplitMix64
  ) throws -> Double {
    let backpropagation = try Backpropagation(
      Model(graph: graph), batchSize: images, isTraining: isTraining,
      freezesNormalization: freezesNormalization, lossNodes: part.names)
    let got = try backpropagation.differentiate(
      .crossEntropy(labels, smoothing: Double(smoothing)) + part.loss, at: source.values)
    func loss(_ network: ReferenceNetwork, _ results: ReferenceNetwork.Results) -> Double {
      mean(network.losses(results, labels: labels, smoothing: Double(smoothing)))
        + part.value(results)
    }
    let right = loss(network, base)
    let precision = innerNodes > 0 ? 1e-4 : 1e-5
    #expect(abs(got - right) <= precision * max(1, abs(right)), "a loss of \(got) for \(right)")
    let gradient = backpropagation.parameters.gradientValues
    let overall = gradient.reduce(0) { max($0, abs($1)) }
    #expect(overall.isFinite)
    var worst = 0.0
    var between = 0
    for segment in backpropagation.parameters.segments {
      #expect(gradient[between..<segment.range.lowerBound].allSatisfy { $0 == 0 })
      between = segment.range.upperBound
      let mine = Array(gradient[segment.range])
      guard segment.isTrained else {
        #expect(mine.allSatisfy { $0 == 0 }, "moving statistics have no gradient")
        continue
      }
      let role = segment.role
      worst = max(
        worst,
        compare(
          mine, overall, amplifiedBy: amplification(of: segment.node, base),
          "\(graph.nodes[segment.node].name) \(role)", &random
        ) { direction in
          slope(direction) { distance in
            var moved = network
            for (index, sign) in direction {
              moved.weights[segment.node][role]![index] += sign * distance
            }
            var results = base
            moved.update(&results, since: segment.node)
            return loss(moved, results)
          }
        })
    }
    return worst
  }

  /// Returns the factor by which a normalization with the batch's statistics enlarges the slopes of
  /// a node's values, which cancel out in the gradients of its weights; 1 without one.
  private func amplification(of node: Int, _ base: ReferenceNetwork.Results) -> Double {
    guard isTraining, !freezesNormalization else { return 1 }
    var factor = 1.0
    for next in graph.nodes where next.inputs == [node] {
      guard case .batchNormalization(let normalization) = next.operation else { continue }
      let channels = next.shape[next.shape.count - 1]
      for channel in 0..<channels {
        let values = base[node].flatMap { image in
          stride(from: channel, to: image.count, by: channels).map { image[$0] }
        }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        let gamma = normalization.gamma.map { Double(abs($0.values[channel])) } ?? 1
        factor = max(factor, gamma / (variance + Double(normalization.epsilon)).squareRoot())
      }
    }
    return factor
  }

  // MARK: Input

  private func checkInput(
    _ network: ReferenceNetwork, _ base: ReferenceNetwork.Results, _ source: ArraySource,
    _ labels: [Int32], _ part: LinearPart, _ random: inout SplitMix64
  ) throws -> Double {
    // The sum of the images' losses is differentiated: with the batch's statistics each image
    // changes the others' losses too. The model's scale makes no difference but the factor.
    let scale: Float = 0.5
    let backpropagation = try Backpropagation(
      Model(graph: graph, preprocessing: Preprocessing(scale: scale)), batchSize: images,
      isTraining: isTraining,
      freezesNormalization: freezesNormalization, differentiatesWeights: false,
      differentiatesInput: true, lossNodes: part.names)
    try backpropagation.differentiate(
      .crossEntropy(labels, weight: 1) + part.loss, at: source.values.map { $0 / scale })
    let (losses, gradients) = (backpropagation.imageLosses, backpropagation.inputGradient)
    let expected = network.losses(base, labels: labels)
    for (mine, right) in zip(losses, expected) {
      #expect(abs(Double(mine) - right) <= 1e-5 * max(1, right), "a loss of \(mine) for \(right)")
    }
    let overall = gradients.reduce(0) { max($0, abs($1)) } / scale
    let size = graph.inputShape.reduce(1, *)
    return compare(gradients.map { $0 / scale }, overall, "input", &random) { direction in
      slope(direction) { distance in
        var results = base
        for (index, sign) in direction {
          results[0][index / size][index % size] += sign * distance
        }
        network.update(&results, since: 0)
        return network.losses(results, labels: labels).reduce(0, +) + part.value(results)
      }
    }
  }

  // MARK: Comparing

  private typealias Direction = [(index: Int, sign: Double)]

  /// Compares a gradient's elements, and its products with directions, with what `slope` gives.
  private func compare(
    _ mine: [Float], _ overall: Float, amplifiedBy factor: Double = 1, _ name: String,
    _ random: inout SplitMix64,
    slope: (Direction) -> Double
  ) -> Double {
    var indices = Array(mine.indices)
    if indices.count > samples {
      indices = Array(indices.shuffled(using: &random).prefix(samples))
    }
    var directions: [Direction] = indices.map { [(index: $0, sign: 1)] }
    for _ in 0..<2 {
      directions.append(mine.indices.map { (index: $0, sign: random.oneIn(2) ? 1 : -1) })
    }
    let largest = mine.reduce(0) { max($0, Double(abs($1))) }
    // A gradient that is zero but for rounding, such as that of a bias before a normalization, is as
    // exact as the slopes it is the sum of.
    // Those of inner nodes are up to 1 / images each.
    let slopes = factor * max(Double(overall), innerNodes > 0 ? 3 / Double(images) : 0)
    let floor = max(largest, 0.1 * slopes, 2e-6)
    let norm = mine.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    var worst = 0.0
    for direction in directions {
      let got = direction.reduce(0) { $0 + Double(mine[$1.index]) * $1.sign }
      let right = slope(direction)
      let error = abs(got - right) / (direction.count == 1 ? floor : max(floor, norm))
      worst = max(worst, error)
      if !(error <= tolerance) {
        let place = direction.count == 1 ? "element \(direction[0].index)" : "a direction"
        Issue.record("\(name), \(place): \(got) for \(right), largest \(largest)")
        return worst
      }
    }
    return worst
  }

  private func slope(_ direction: Direction, _ loss: (Double) -> Double) -> Double {
    (loss(Self.step) - loss(-Self.step)) / (2 * Self.step)
  }

  /// Random images, far from kinks; the farthest of some where a network has them everywhere.
  private func awayFromKinks(
    _ network: ReferenceNetwork, _ random: inout SplitMix64
  ) -> ([Float], ReferenceNetwork.Results) {
    let size = graph.inputShape.reduce(1, *)
    var best: ([Float], ReferenceNetwork.Results) = ([], [])
    var farthest = -1.0
    for _ in 0..<50 where farthest < 5e-6 {
      let values = random.floats(images * size)
      let results = network.results(
        for: (0..<images).map { image in
          values[image * size..<(image + 1) * size].map { Double($0) }
        })
      let distance = network.kinkDistance(results)
      if distance > farthest { (farthest, best) = (distance, (values, results)) }
    }
    return best
  }

  private func mean(_ losses: [Double]) -> Double { losses.reduce(0, +) / Double(losses.count) }
}

extension Backpropagation {
  /// Runs a batch of images that lie in memory.
  func run(
    _ source: ArraySource, labels: [Int32], smoothing: Float = 0, seed: UInt64 = 0
  ) throws -> BatchResult {
    let loader = Loader(source)
    let scale = model.preprocessing.scale
    let loss = Loss.crossEntropy(labels, smoothing: Double(smoothing))
    var result: BatchResult?
    try loader.withImages(0..<source.count, loader.makeBuffer(images: 0)) { loaded in
      result = unsafe try run(
        images: source.count, loss, seed: seed, updatesStatistics: true
      ) {
        unsafe try loaded.pack(block: $0, scale: scale, into: $1, $2)
      }
    }
    return try #require(result)
  }
}

/// A linear function of the values of some nodes, with coefficients drawn at random.
struct LinearPart {
  private let nodes: [Int]
  let names: [String]
  private let slopes: [[Float]]

  init(_ graph: Graph, images: Int, nodes count: Int, _ random: inout SplitMix64) {
    let reaching = graph.reachingOutput
    var candidates = graph.nodes.indices.filter { reaching[$0] && $0 != graph.output }
    if count > 0 { candidates.shuffle(using: &random) }
    nodes = Array(candidates.prefix(count))
    names = nodes.map { graph.nodes[$0].name }
    slopes = nodes.map {
      random.floats(images * graph.nodes[$0].elementCount, limit: 1 / Float(images))
    }
  }

  var loss: Loss {
    let (nodes, slopes) = (nodes, slopes)
    guard !nodes.isEmpty else { return .outputs { (0, $0.map { _ in 0 }) } }
    return .values(of: names) { values in
      (zip(values, slopes).reduce(0) { $0 + Self.product($1.1, $1.0.map { Double($0) }) }, slopes)
    }
  }

  func value(_ results: ReferenceNetwork.Results) -> Double {
    zip(nodes, slopes).reduce(0) { $0 + Self.product($1.1, results[$1.0].flatMap { $0 }) }
  }

  private static func product(_ a: [Float], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 }
  }
}

extension Parameters {
  /// A copy of the gradient.
  var gradientValues: [Float] {
    (0..<gradient.count).map { unsafe gradient.pointer[$0] }
  }

  /// A copy of the gradient of a layer's tensor.
  func gradientValues(_ graph: Graph, _ name: String, _ role: WeightRole) -> [Float] {
    let segment = segments.first { graph.nodes[$0.node].name == name && $0.role == role }!
    return segment.range.map { unsafe gradient.pointer[$0] }
  }
}
