import Foundation
import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite("Losses of one's own, of outputs and of inner nodes")
struct LossTests {
  @Test("inner nodes of every layer with weights", arguments: GradientCase.layers.indices)
  func layers(index: Int) throws { try check(GradientCase.layers[index], index) }

  @Test("inner nodes of every layer without", arguments: GradientCase.others.indices)
  func others(index: Int) throws { try check(GradientCase.others[index], index) }

  private func check(_ item: GradientCase, _ index: Int) throws {
    try GradientCheck(
      graph: item.graph, images: GradientTests.sizes[index % GradientTests.sizes.count],
      isTraining: item.isTraining, freezesNormalization: item.freezesNormalization,
      innerNodes: 1 + index % 3, seed: UInt64(index)
    ).run()
  }

  @Test("inner nodes of random networks", arguments: 100..<140, RandomGraph.Head.allCases)
  func randomNetworks(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head).withoutNoise()
    try GradientCheck(
      graph: graph, images: [5, 3, 2][seed % 3], isTraining: seed % 4 != 3,
      freezesNormalization: seed % 4 == 1, innerNodes: 1 + seed % 4, samples: 3,
      seed: UInt64(seed)
    ).run()
  }

  // MARK: A network and images drawn at random

  private struct Draw {
    let graph: Graph
    let images: [Float]
    let labels: [Int32]
    let threads: Int
    var random: SplitMix64
    var model: Model { Model(graph: graph, preprocessing: Preprocessing(scale: 0.5)) }
    var options: ExecutionOptions { ExecutionOptions(threads: threads) }

    init(_ seed: Int) throws {
      var random = SplitMix64(seed: UInt64(seed) + 900)
      graph = try RandomGraph.make(seed: UInt64(seed) + 300)
      let count = random.int(1...40)
      images = random.floats(count * graph.inputShape.reduce(1, *))
      let classes = graph.outputShape.reduce(1, *)
      labels = (0..<count).map { _ in Int32(random.int(0...classes - 1)) }
      threads = random.int(1...3)
      self.random = random
    }
  }

  /// Mean cross-entropy, from its definition.
  private static func crossEntropy(
    _ outputs: [Float], _ labels: [Int32]
  ) -> (value: Double, gradient: [Float]) {
    let classes = outputs.count / labels.count
    var (sum, gradient) = (0.0, outputs)
    for (image, label) in labels.enumerated() {
      let row = image * classes..<(image + 1) * classes
      let top = Double(outputs[row].max()!)
      let total = row.reduce(0) { $0 + exp(Double(outputs[$1]) - top) }
      sum += top + log(total) - Double(outputs[row.lowerBound + Int(label)])
      for index in row {
        let p = exp(Double(outputs[index]) - top) / total
        let target = index - row.lowerBound == Int(label) ? 1.0 : 0
        gradient[index] = Float((p - target) / Double(labels.count))
      }
    }
    return (sum / Double(labels.count), gradient)
  }

  @Test(
    "a cross-entropy written as a function of the outputs is the built-in one", arguments: 0..<30)
  func outputs(seed: Int) throws {
    let draw = try Draw(seed)
    func gradients(_ loss: Loss) throws -> (Double, [Float], [Float]) {
      let backpropagation = try Backpropagation(
        draw.model, batchSize: 40, isTraining: seed % 2 == 0, differentiatesInput: true,
        options: draw.options)
      let value = try backpropagation.differentiate(loss, at: draw.images, seed: 5)
      return (value, backpropagation.parameters.gradientValues, backpropagation.inputGradient)
    }
    let built = try gradients(.crossEntropy(draw.labels))
    let own = try gradients(.outputs { Self.crossEntropy($0, draw.labels) })
    #expect(abs(built.0 - own.0) <= 1e-5 * max(1, built.0), "seed \(seed)")
    for (a, b) in [(built.1, own.1), (built.2, own.2)] {
      let largest = a.reduce(1e-6) { max($0, abs($1)) }
      let error = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
      #expect(error <= 1e-4, "seed \(seed): \(error)")
    }
    let twice = try gradients(
      .crossEntropy(draw.labels) + .outputs { Self.crossEntropy($0, draw.labels) })
    #expect(abs(twice.0 - 2 * built.0) <= 1e-5 * max(1, built.0), "seed \(seed)")
    let largest = built.1.reduce(1e-6) { max($0, abs($1)) }
    #expect(
      zip(twice.1, built.1).allSatisfy { abs($0 - 2 * $1) <= 2e-4 * largest }, "seed \(seed)")
  }

  @Test("a weight scales the cross-entropy and its gradient", arguments: 0..<10)
  func weights(seed: Int) throws {
    let draw = try Draw(seed)
    func gradient(_ weight: Double?) throws -> (Double, [Float]) {
      let backpropagation = try Backpropagation(draw.model, batchSize: 40, isTraining: false)
      let value = try backpropagation.differentiate(
        .crossEntropy(draw.labels, weight: weight), at: draw.images)
      return (value, backpropagation.parameters.gradientValues)
    }
    let mean = try gradient(nil)
    let ascent = try gradient(-2)
    let factor = -2 * Double(draw.labels.count)
    #expect(abs(ascent.0 - factor * mean.0) <= 1e-5 * max(1, abs(ascent.0)))
    let largest = ascent.1.reduce(1e-6) { max($0, abs($1)) }
    #expect(
      zip(ascent.1, mean.1).allSatisfy {
        abs(Double($0) - factor * Double($1)) <= 1e-4 * Double(largest)
      },
      "seed \(seed)")
  }

  @Test("values are the executor's at inference", arguments: 0..<20)
  func values(seed: Int) throws {
    let draw = try Draw(seed)
    let reaching = draw.graph.reachingOutput
    let names = draw.graph.nodes.indices
      .filter { reaching[$0] && $0 != 0 && $0 != draw.graph.output }
      .map { draw.graph.nodes[$0].name }
    let backpropagation = try Backpropagation(
      draw.model, batchSize: 40, isTraining: false, differentiatesWeights: false,
      options: draw.options)
    try backpropagation.evaluate(draw.images)
    let executor = try Executor([draw.model], observing: names.map { (0, $0) })
    let expected = Rows(names.count)
    try executor.run(ArraySource(draw.images, imageShape: draw.graph.inputShape)) { batch in
      for number in names.indices {
        expected.set(batch.values(ofObservation: number), number, at: batch.indices.lowerBound)
      }
    }
    for (number, name) in names.enumerated() {
      let (got, right) = (backpropagation.values(of: name), expected.all(number))
      let largest = right.reduce(1) { max($0, abs($1)) }
      #expect(
        got.count == right.count && zip(got, right).allSatisfy { abs($0 - $1) <= 1e-4 * largest },
        "seed \(seed), \(name)")
    }
  }

  /// Other layers' gradients, and what the choice must not change.
  @Test("the chosen layers' gradients are those among all, bit for bit", arguments: 0..<30)
  func layersAlone(seed: Int) throws {
    var draw = try Draw(seed)
    let all = try Backpropagation(draw.model, batchSize: 40, options: draw.options)
    let reaching = draw.graph.reachingOutput
    let trained = draw.graph.nodes.indices.filter { index in
      reaching[index]
        && draw.graph.nodes[index].operation.namedWeights.contains { $0.role.isTrained }
    }
    let names = trained.map { draw.graph.nodes[$0].name }.filter { _ in draw.random.oneIn(3) }
    let some = try Backpropagation(
      draw.model, batchSize: 40, layers: names, options: ExecutionOptions(threads: 1))
    let loss = Loss.crossEntropy(draw.labels)
    #expect(
      try all.differentiate(loss, at: draw.images) == some.differentiate(loss, at: draw.images))
    for name in names {
      let node = try #require(draw.graph.index(of: name))
      for (role, _) in draw.graph.nodes[node].operation.namedWeights where role.isTrained {
        // Slots are as many as the memory of all layers' gradients lets there be.
        #expect(
          some.gradient(role, of: name) == all.gradient(role, of: name),
          "seed \(seed), \(name) \(role)")
      }
    }
    let others = some.parameters.segments.filter { !names.contains(draw.graph.nodes[$0.node].name) }
    #expect(
      others.allSatisfy { segment in
        segment.range.allSatisfy { unsafe some.parameters.gradient.pointer[$0] == 0 }
      })
  }

  /// d/df of f * w is the gradient at f * w times w, summed over a channel's weights.
  @Test("factors on channels: weights and gradients against their definition", arguments: 0..<30)
  func factors(seed: Int) throws {
    var draw = try Draw(seed)
    let backpropagation = try Backpropagation(draw.model, batchSize: 40, options: draw.options)
    var expected = draw.graph
    var set: [(String, WeightRole, [Float], Tensor)] = []
    for (index, node) in draw.graph.nodes.enumerated() where draw.graph.reachingOutput[index] {
      for (role, own) in node.operation.namedWeights where role.isTrained {
        guard draw.random.oneIn(2) else { continue }
        let channels = own.shape.suffix(role.channelAxes).reduce(1, *)
        let factors = draw.random.floats(channels, limit: 1.5)
        backpropagation.setFactors(factors, on: role, of: node.name)
        set.append((node.name, role, factors, own))
        expected.nodes[index].operation.updateWeights { other, tensor in
          guard other == role else { return }
          tensor = Tensor(
            shape: own.shape,
            values: own.values.enumerated().map { $1 * factors[$0 % channels] })
        }
      }
    }
    #expect(backpropagation.currentModel.graph == expected)
    try backpropagation.differentiate(.crossEntropy(draw.labels), at: draw.images)
    for (name, role, factors, own) in set {
      let gradient = backpropagation.gradient(role, of: name).values
      var sums = factors.map { _ in 0.0 }
      for index in own.values.indices {
        sums[index % sums.count] += Double(own.values[index]) * Double(gradient[index])
      }
      #expect(backpropagation.factorGradient(role, of: name) == sums.map { Float($0) })
    }
    backpropagation.setFactors(
      set.first.map { $0.2.map { _ in 1 } } ?? [], on: set[0].1, of: set[0].0)
    #expect(backpropagation.weight(set[0].1, of: set[0].0) == set[0].3)
  }

  /// Frozen weights are packed once, and again when they are set.
  @Test("the weights of a frozen network are those that were set last", arguments: 0..<30)
  func weightsOfAFrozenNetwork(seed: Int) throws {
    var draw = try Draw(seed)
    func frozen() throws -> Backpropagation {
      try Backpropagation(
        draw.model, batchSize: 40, differentiatesWeights: false, differentiatesInput: true,
        options: draw.options)
    }
    let loss = Loss.crossEntropy(draw.labels)
    let kept = try frozen()
    for _ in 0..<3 {
      let fresh = try frozen()
      for node in draw.graph.nodes where kept.values[node.name] != nil {
        for (role, own) in node.operation.namedWeights where role.isTrained {
          let values = draw.random.floats(own.values.count, limit: 0.5)
          for each in [kept, fresh] { each.setWeight(role, of: node.name, to: values) }
        }
      }
      for _ in 0..<2 {
        try kept.differentiate(loss, at: draw.images, seed: 3)
        try fresh.differentiate(loss, at: draw.images, seed: 3)
        #expect(kept.outputs == fresh.outputs)
        #expect(kept.inputGradient == fresh.inputGradient)
      }
    }
  }

  /// With other batches' values, slopes and losses lying in memory.
  @Test("the same bits for any number of threads, and after any other batch", arguments: 0..<30)
  func bits(seed: Int) throws {
    var draw = try Draw(seed)
    let count = draw.labels.count
    let part = LinearPart(draw.graph, images: count, nodes: 1 + seed % 3, &draw.random)
    let plain = Loss.crossEntropy(draw.labels)
    func gradients(threads: Int, after earlier: Bool) throws -> [[Float]] {
      let backpropagation = try Backpropagation(
        draw.model, batchSize: 40, differentiatesInput: true, lossNodes: part.names,
        options: ExecutionOptions(threads: threads))
      if earlier {
        let size = draw.graph.inputShape.reduce(1, *)
        let others = (0..<40 * size).map { Float($0 % 17) / 8 - 1 }
        try backpropagation.differentiate(
          .values(of: part.names) { (0, $0.map { $0.map { _ in 1 } }) }, at: others)
      }
      return try [plain, plain + part.loss, plain].flatMap { loss in
        try backpropagation.differentiate(loss, at: draw.images, seed: 3)
        return [backpropagation.parameters.gradientValues, backpropagation.inputGradient]
      }
    }
    let alone = try gradients(threads: 1, after: false)
    #expect(alone[0] == alone[4] && alone[1] == alone[5], "seed \(seed)")
    #expect(alone[1] != alone[3], "seed \(seed)")
    for threads in 1...3 {
      #expect(try gradients(threads: threads, after: true) == alone, "seed \(seed)")
    }
  }

  @Test("moving statistics follow a batch only if they are told to")
  func statistics() throws {
    let model = try TrainingProblem.model(dropout: 0)
    let data = TrainingProblem.images(20, seed: 1)
    let images = try data.source.values(of: 0..<20)
    let backpropagation = try Backpropagation(model, batchSize: 20)
    let loss = Loss.crossEntropy(data.labels)
    try backpropagation.differentiate(loss, at: images)
    #expect(backpropagation.currentModel.graph == model.graph)
    try backpropagation.differentiate(loss, at: images, updatesStatistics: true)
    let own = try model.graph.batchNormalization("bn")
    let moved = try backpropagation.currentModel.graph.batchNormalization("bn")
    #expect(moved.mean != own.mean && moved.variance != own.variance && moved.gamma == own.gamma)
  }

  // MARK: Errors

  @Test("nodes and layers that are not there are refused; so are derivatives that are not finite")
  func errors() throws {
    let model = try TrainingProblem.model()
    for make in [
      { try Backpropagation(model, batchSize: 4, layers: ["conv", "conw"]) },
      { try Backpropagation(model, batchSize: 4, lossNodes: ["conw"]) },
    ] {
      let error = #expect(throws: GraphError.self) { try make() }
      #expect(error?.node == "conw")
    }
    let backpropagation = try Backpropagation(model, batchSize: 40, lossNodes: ["pool"])
    let images = [Float](repeating: 0.5, count: 40 * 128)
    let error = #expect(throws: TrainingError.self) {
      try backpropagation.differentiate(
        .values(of: ["pool"]) { values in
          var slopes = values[0].map { _ in Float(0) }
          slopes[slopes.count / 40 * 33] = .nan
          return (0, [slopes])
        }, at: images)
    }
    #expect(
      error?.description
        == "layer 'pool': the loss's derivatives with respect to its output are not finite for image "
        + "33 of the batch; check the loss for divisions by zero or lower learningRate")
  }
}

/// Rows of several tables that several threads put into place.
private final class Rows: @unchecked Sendable {
  private let lock = NSLock()
  private var rows: [[Int: [Float]]]

  init(_ tables: Int) { rows = Array(repeating: [:], count: tables) }

  func set(_ values: [Float], _ table: Int, at start: Int) {
    lock.withLock { rows[table][start] = values }
  }

  func all(_ table: Int) -> [Float] {
    lock.withLock { rows[table].sorted { $0.key < $1.key }.flatMap(\.value) }
  }
}
