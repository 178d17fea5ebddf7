import DefenseKit
import DefenseKitTesting
import Testing

@testable import TED

@Suite("TED")
struct TEDTests {
  static let checks = PluginChecks(
    TED.self,
    refusing: [
      "samples": ["2", "100001"], "dimensions": ["0", "6", "65540"],
      "alarms": ["-0.1", "1", "few"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: By hand

  @Test("Ranks worked out by hand")
  func ranks() {
    // Clean images of class 0 at 0, 1, 2 and of class 1 at 10, 11, the same in both layers.
    let layer: [Float] = [0, 1, 2, 10, 11]
    let references = ReferenceImages(classes: [0, 0, 0, 1, 1], layers: [layer, layer])
    func ranks(_ values: [Float], _ number: Int, except: Int? = nil) -> [Int]? {
      references.ranks(of: values.map { [$0] }, class: number, except: except)
    }
    #expect(ranks([9, 1.4], 0) == [2, 0])
    #expect(ranks([9, 1.4], 1) == [0, 3])
    // A clean image without itself.
    #expect(ranks([1, 1], 0, except: 1) == [0, 0])
    #expect(ranks([10, 10], 1, except: 3) == [0, 0])
    // 6 is as far from 2 as from 10: nobody is strictly nearer.
    #expect(ranks([6, 6.5], 0) == [0, 1])
    #expect(ranks([.infinity, 0], 0) == nil && ranks([0, .nan], 0) == nil)
    #expect(references.hasMember(of: 1) && !references.hasMember(of: 2))
    let alone = ReferenceImages(classes: [0, 1], layers: [[0, 1]])
    #expect(alone.hasMember(of: 1, except: 0) && !alone.hasMember(of: 1, except: 1))
  }

  @Test("Deviations worked out by hand")
  func deviation() {
    // Mean 1, variance 4/3, with rounding 17/12.
    let one = RankDistribution(of: [[0], [0], [2], [2]])
    #expect(one.mean == [1])
    #expect(abs(one.deviation(of: [3]) - 4 / (17.0 / 12)) < 1e-12)
    #expect(one.deviation(of: [1]) == 0)
    // Without variance only rounding is left: 1 away is 12.
    #expect(abs(RankDistribution(of: [[5], [5]]).deviation(of: [6]) - 12) < 1e-9)
    // Two layers that always agree: C = [[2, 2], [2, 2]] + 1/12. Along (1, 1) the variance is
    // 4 + 1/12, along (1, -1) it is 1/12.
    let two = RankDistribution(of: [[0, 0], [2, 2]])
    #expect(abs(two.deviation(of: [2, 2]) - 2 / (4 + 1.0 / 12)) < 1e-9)
    #expect(abs(two.deviation(of: [2, 0]) - 2 * 12) < 1e-9)
  }

  @Test("Deviations equal sums over principal components, by an inverse in a plain loop")
  func deviationByInverse() {
    let seed = UInt64.random(in: 0..<1 << 32)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let (count, layers) = (2 + random.below(40), 1 + random.below(9))
      let ranks = (0..<count).map { _ in (0..<layers).map { _ in random.below(50) } }
      let distribution = RankDistribution(of: ranks)
      let mean = (0..<layers).map { l in
        ranks.reduce(0.0) { $0 + Double($1[l]) } / Double(count)
      }
      var covariance = [[Double]](
        repeating: [Double](repeating: 0, count: layers), count: layers)
      for i in 0..<layers {
        for j in 0..<layers {
          var sum = 0.0
          for row in ranks { sum += (Double(row[i]) - mean[i]) * (Double(row[j]) - mean[j]) }
          covariance[i][j] = sum / Double(count - 1) + (i == j ? 1.0 / 12 : 0)
        }
      }
      let other = (0..<layers).map { _ in random.below(100) }
      let difference = (0..<layers).map { Double(other[$0]) - mean[$0] }
      // Gauss and Jordan.
      var solved = difference
      for i in 0..<layers {
        let pivot = covariance[i][i]
        for j in 0..<layers { covariance[i][j] /= pivot }
        solved[i] /= pivot
        for k in 0..<layers where k != i {
          let factor = covariance[k][i]
          for j in 0..<layers { covariance[k][j] -= factor * covariance[i][j] }
          solved[k] -= factor * solved[i]
        }
      }
      let expected = zip(difference, solved).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(
        abs(distribution.deviation(of: other) - expected) < 1e-6 * max(1, expected), "seed \(seed)")
      #expect(
        RankDistribution(of: ranks.reversed()).deviation(of: other)
          == distribution.deviation(of: other), "seed \(seed)")
    }
  }

  // MARK: Projections

  @Test("Projections keep squared distances, right on average and nearly right each")
  func projections() {
    let seed = UInt64.random(in: 0..<1 << 32)
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let (elements, images) = (1000 + random.below(3000), 60)
    let outputs = random.normals(elements * images).map { Float($0) }
    let sketch = LayerSketch(elements: elements, dimensions: 128, seed: seed, layer: 2)
    let projections = sketch.projections(of: outputs)
    #expect(projections.count == images * 128)
    func distance(_ values: [Float], _ size: Int, _ a: Int, _ b: Int) -> Double {
      (0..<size).reduce(0) {
        let difference = Double(values[a * size + $1]) - Double(values[b * size + $1])
        return $0 + difference * difference
      }
    }
    let ratios = (1..<images).map {
      distance(projections, 128, $0 - 1, $0) / distance(outputs, elements, $0 - 1, $0)
    }
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    // A ratio's deviation is sqrt(2 / 128) = 0.125.
    #expect(abs(mean - 1) < 0.125, "seed \(seed): \(mean)")
    #expect(ratios.allSatisfy { abs($0 - 1) < 0.75 }, "seed \(seed)")
    // An image's projection does not depend on the others.
    #expect(
      sketch.projections(of: Array(outputs[elements..<2 * elements]))
        == Array(projections[128..<256]), "seed \(seed)")
    let other = LayerSketch(elements: elements, dimensions: 128, seed: seed, layer: 3)
    #expect(other.projections(of: outputs) != projections, "seed \(seed)")
  }

  @Test("A layer of few elements is kept as it is; each element reaches every part once")
  func smallLayers() {
    let exact = LayerSketch(elements: 128, dimensions: 128, seed: 1, layer: 0)
    let values = (0..<256).map { Float($0) }
    #expect(exact.count == 128 && exact.projections(of: values) == values)
    let sketch = LayerSketch(elements: 129, dimensions: 128, seed: 1, layer: 0)
    for element in [0, 64, 128] {
      let one = (0..<129).map { Float($0 == element ? 3 : 0) }
      let projection = sketch.projections(of: one)
      for part in 0..<4 {
        #expect(projection[part * 32..<(part + 1) * 32].count { abs($0) == 1.5 } == 1)
        #expect(projection[part * 32..<(part + 1) * 32].count { $0 == 0 } == 31)
      }
    }
  }

  // MARK: On networks

  @Test("Layers: convolutions but 1x1, rectifiers and dense layers")
  func layers() throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    func convolution(_ size: Int, activation: Activation = .linear, _ name: String) throws {
      try graph.append(
        name,
        .convolution(
          Convolution(kernel: Tensor(shape: [size, size, 1, 1], repeating: 1), padding: .same)),
        inputs: [graph.nodes.count - 1], activation: activation)
    }
    try convolution(3, "three")
    try convolution(1, "one")
    try convolution(1, activation: .relu, "one_relu")
    try graph.append("relu", .activation, inputs: [3], activation: .relu(cap: 6))
    try graph.append("sigmoid", .activation, inputs: [4], activation: .sigmoid)
    try graph.append("flatten", .flatten, inputs: [5])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [16, 2], repeating: 1))), inputs: [6])
    #expect(graph.observedLayers == ["three", "one_relu", "relu", "dense"])
    let problem = try ToyProblem.standard()
    #expect(
      problem.plain.model.graph.observedLayers == ["conv_1", "conv_2", "fc_1", "output"])
    #expect(
      problem.normalized.model.graph.observedLayers
        == ["conv_1", "relu_1", "conv_2", "relu_2", "output"])
  }

  /// Returns the AUROC of a detector on the plain or the normalized toy network.
  private func result(_ detector: TED, _ model: Model) throws -> Evaluation.DetectorResult {
    let problem = try ToyProblem.standard()
    return try #require(
      Experiment(
        suspect: model, clean: problem.clean, test: problem.test, poisoned: problem.poisoned
      ).run([], [detector], in: RunContext()).suspectDetectors.first)
  }

  @Test("Equal to plain loops in Double over whole outputs")
  func slow() throws {
    let problem = try ToyProblem.standard()
    let model = problem.normalized.model
    let layers = model.graph.observedLayers
    let executor = try Executor([model], observing: layers.map { (0, $0) })
    let predictions = try executor.predictions(for: problem.clean.source)[0]
    let right = (0..<problem.clean.count).filter {
      predictions[$0].isClass(problem.clean.labels[$0])
    }
    let clean = try executor.observations(of: problem.clean.source)
    let images = problem.triggeredImages.dataSet()
    let outputs = try executor.observations(of: images)
    let classes = try executor.predictions(for: images)[0]
    func ranks(_ values: [[Float]], _ image: Int, _ prediction: Prediction, except: Int?) -> [Int] {
      layers.indices.map { layer in
        let size =
          values[layer].count
          / (values[layer].count == clean[layer].count ? problem.clean.count : images.count)
        var order = right.filter { $0 != except }.map { other in
          (
            (0..<size).reduce(0.0) {
              let difference =
                Double(values[layer][image * size + $1]) - Double(clean[layer][other * size + $1])
              return $0 + difference * difference
            }, predictions[other] == prediction ? 0 : 1
          )
        }
        order.sort { $0 < $1 }
        return order.firstIndex { $0.1 == 0 } ?? -1
      }
    }
    let distribution = RankDistribution(
      of: right.map { ranks(clean, $0, predictions[$0], except: $0) })
    let detector = try TED(options: .init(dimensions: 65_536))
    let detections = try detector.detections(
      on: images, suspect: model, repaired: nil, using: problem.clean, in: RunContext())
    for image in 0..<images.count {
      let expected = distribution.deviation(of: ranks(outputs, image, classes[image], except: nil))
      #expect(abs(Double(detections[image].score) - expected) <= 1e-4 * max(1, expected))
    }
    #expect(Set(detections.map(\.score)).count > 5)
  }

  @Test("Triggered images stand out, also by projected outputs")
  func trial() throws {
    let problem = try ToyProblem.standard()
    for model in [problem.plain.model, problem.normalized.model] {
      let exact = try result(TED(options: .init(dimensions: 65_536, alarms: 0.05)), model)
      let projected = try result(TED(options: .init(dimensions: 64, alarms: 0.05)), model)
      for (name, result) in [("exact", exact), ("projected", projected)] {
        print(
          "ted \(model.name) \(name): AUROC \(result.auroc ?? -1), flagged "
            + "\(result.result.test?.flaggedShare ?? -1) of clean, "
            + "\(result.result.poisoned?.counted.flaggedShare ?? -1) of triggered images")
        #expect((result.auroc ?? 0) > 0.9)
      }
      #expect(abs((exact.auroc ?? 0) - (projected.auroc ?? 0)) < 0.05)
    }
  }

  @Test("Without a clean image of its class there is no verdict on an image")
  func noVerdict() throws {
    let problem = try ToyProblem.standard()
    let kept = problem.clean.labels.indices.filter { problem.clean.labels[$0] != 3 }
    let clean = try CleanData(
      Subset(of: problem.clean.source, kept), labels: kept.map { problem.clean.labels[$0] },
      name: "clean.h5")
    let context = RunContext()
    let model = problem.plain.model
    let detections = try TED(options: .init(alarms: 0.02)).detections(
      on: problem.test.source, suspect: model, repaired: nil, using: clean, in: context)
    let classes = try Executor([model]).predictions(for: problem.test.source)[0]
    #expect(classes.contains(.class(3)))
    for (detection, prediction) in zip(detections, classes) {
      #expect((detection.prediction == .noVerdict) == (prediction == .class(3)))
    }
    #expect(
      context.statistics.warnings.contains(
        "ted: clean.h5 has no correctly classified image of class 3, so there is no verdict on "
          + "images that get it; give clean images of each class"))
    let result = try Experiment(suspect: model, clean: clean, test: problem.test).run(
      [], [TED()], in: RunContext()
    ).suspectDetectors[0]
    #expect(result.result.test?.noVerdict == classes.count { $0 == .class(3) })
  }

  @Test("Too few clean images, or no layer to compare, is said in a line")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func message(_ model: Model, _ data: CleanData) -> String? {
      do {
        _ = try TED().fitted(to: model, repaired: nil, using: data, in: RunContext())
        return nil
      } catch { return "\(error)" }
    }
    // One image of each class.
    let few = try CleanData(
      Subset(of: problem.clean.source, [0, 1, 2, 3]), labels: Array(problem.clean.labels[..<4]),
      name: "clean.h5")
    #expect(
      message(problem.plain.model, few)
        == "ted needs 2 clean images that the model classifies correctly and that have another of "
        + "their class, but clean.h5 has 0; give more clean images of each class")
    var graph = try Graph(inputShape: [2])
    try graph.append("sigmoid", .activation, inputs: [0], activation: .sigmoid)
    let data = try CleanData(ArraySource([0, 1, 1, 0], imageShape: [2]), labels: [1, 0])
    #expect(
      message(Model(graph: graph), data)
        == "ted compares the outputs of convolutions, rectifiers and dense layers, and this network "
        + "has none")
  }

  @Test("An image without a class is flagged with NaN")
  func undefined() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1e15, 0, 0, 1e15]))), inputs: [0]
    )
    let data = try CleanData(
      ArraySource([1, 0, 2, 0, 0, 1, 0, 2], imageShape: [2]), labels: [0, 0, 1, 1])
    let detections = try TED().detections(
      on: ArraySource([1e25, 0, 1e10, 0, 1.5, 0], imageShape: [2]), suspect: Model(graph: graph),
      repaired: nil, using: data, in: RunContext())
    // 1e40 is infinite. 1e25 is a score, but its square, a distance, is infinite.
    for image in 0..<2 {
      #expect(detections[image].prediction == .flagged && detections[image].score.isNaN)
    }
    #expect(detections[2].prediction == .class(0) && detections[2].score.isFinite)
  }
}
