import DefenseKit
import Testing

@testable import GoodNet

/// A network that gives its input, times a matrix, as scores; with a softmax after them if wanted.
private func network(
  _ matrix: [Float], classes: Int = 3, softmax: Activation = .softmax, name: String = "scores"
) throws -> Model {
  var graph = try Graph(inputShape: [classes], inputName: "input")
  try graph.append("shared", .activation, inputs: [0])
  try graph.append(
    name, .dense(Dense(kernel: Tensor(shape: [classes, classes], values: matrix))), inputs: [1],
    activation: softmax)
  return Model(graph: graph)
}

private let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
/// Swaps classes 0 and 2.
private let swapped: [Float] = [0, 0, 1, 0, 1, 0, 1, 0, 0]

/// The argmax and all outputs of a model for every image.
private func outputs(_ model: Model, _ images: [Float]) throws -> (labels: [Int32], values: [Float])
{
  let size = model.graph.inputShape.reduce(1, *)
  let source = ArraySource(images, imageShape: [size])
  let labels = try Executor([model], options: ExecutionOptions(threads: 1)).labels(for: source)
  let values = Collected()
  try Executor([model], options: ExecutionOptions(threads: 1)).run(source) {
    values.add($0.outputs(of: 0))
  }
  return (labels[0], values.all)
}

@Suite("GoodNet")
struct GoodNetTests {
  @Test("Agreement keeps the class, disagreement is the class N")
  func label() {
    #expect(GoodNet.prediction(suspect: .class(4), repaired: .class(4)) == .class(4))
    #expect(GoodNet.prediction(suspect: .class(4), repaired: .class(0)) == .flagged)
    #expect(GoodNet.prediction(suspect: .undefined, repaired: .class(0)) == .flagged)
    #expect(GoodNet.prediction(suspect: .class(0), repaired: .undefined) == .flagged)
    #expect(GoodNet.prediction(suspect: .undefined, repaired: .undefined) == .flagged)
  }

  @Test("Without a class on either side or both, the detector says N and the one model nothing")
  func nonfinite() throws {
    let fragile = try network([1e30, 0, 0, 0, 1e30, 0, 0, 0, 1e30])
    let sound = try network(identity)
    let images: [Float] = [1, 2, 0, 1e10, 0, 0, 0, 0, 2]
    let source = ArraySource(images, imageShape: [3])
    for (suspect, repaired) in [(fragile, sound), (sound, fragile), (fragile, fragile)] {
      let predictions = try GoodNet().predictions(
        for: source, suspect: suspect, repaired: Repair(repaired), using: nil, in: RunContext())
      #expect(predictions == [.class(1), .flagged, .class(2)])
    }
    // The one model's own scores overflow too: 2^80 times 1e30.
    let small = try network([1e20, 0, 0, 0, 1e20, 0, 0, 0, 1e20])
    let (labels, values) = try outputs(
      try GoodNet.model(suspect: small, repaired: sound), [1e-20, 2e-20, 0, 1e25, 0, 0])
    #expect(labels == [1, noClass])
    #expect(values[4...].allSatisfy { $0.isNaN })
  }

  @Test("An experiment counts and names what has no class, and ranks its scores as most suspicious")
  func experiment() throws {
    let suspect = try network([10, 0, 0, 0, 10, 0, 0, 0, 10])
    let repaired = try network(identity)
    let clean = try CleanData(
      ArraySource([1, 2, 0, 1e38, 0, 0], imageShape: [3]), labels: [1, 0], name: "clean.h5")
    let poisoned = try PoisonedData(
      ArraySource([1.5e38, 0, 0, 0, 1e38, 0, 2, 0, 0], imageShape: [3]), targets: [0, 0, 0])
    let context = RunContext()
    let repair = Repair(
      model: repaired, defense: "none", clean: CleanCounts(correct: 2, images: 2))
    let evaluation = try Experiment(
      suspect: suspect, clean: nil, test: clean, poisoned: poisoned
    ).evaluate([repair], [GoodNet()], in: context)
    #expect(evaluation.suspect.test == CleanCounts(correct: 1, nonfinite: 1, images: 2))
    #expect(
      evaluation.suspect.poisoned?.counted == PoisonedCounts(hits: 1, nonfinite: 2, images: 3))
    #expect(evaluation.repairs[0].result.test == CleanCounts(correct: 2, images: 2))
    let detector = evaluation.repairs[0].detectors[0]
    #expect(detector.result.test == CleanCounts(correct: 1, flagged: 1, images: 2))
    #expect(
      detector.result.poisoned?.counted == PoisonedCounts(hits: 1, flagged: 2, images: 3))
    #expect(detector.scores.unscored == 3)
    // Clean scores: KL(softmax(10 z) || softmax(z)) of (1, 2, 0), about 0.41, and NaN; poisoned:
    // NaN, NaN and 0.24. Of 6 pairs two are right and two are ties: 3 of 6.
    #expect(detector.auroc == 0.5)
    #expect(
      context.statistics.warnings.prefix(2) == [
        "suspect: no class for 1 of 2 test, 2 of 3 poisoned images: the model computed NaN or "
          + "infinite values; these images count as wrong, and not as attack success",
        "goodnet with none: 3 scores are NaN; the AUROC counts them as most suspicious",
      ])
  }

  @Test("Scores, like counts, leave out triggered images that show the target class anyway")
  func targetClass() throws {
    let clean = try CleanData(ArraySource([1, 2, 0], imageShape: [3]), labels: [1])
    let poisoned = try PoisonedData(
      ArraySource([4, 0, 0, 1, 2, 0], imageShape: [3]), targets: [0, 0], trueLabels: [0, 1])
    let evaluation = try Experiment(
      suspect: network(identity), clean: clean, test: clean, poisoned: poisoned
    ).evaluate(
      [Repair(model: network(swapped), defense: "none", clean: nil)], [GoodNet()],
      in: RunContext())
    let detector = evaluation.repairs[0].detectors[0]
    #expect(detector.result.poisoned?.counted.images == 1)
    // The second triggered image is the clean one: a tie.
    #expect(detector.scores.poisoned == detector.scores.test)
    #expect(detector.auroc == 0.5)
  }

  @Test("The one model's outputs are 0 or 1 and its argmax is the verdict")
  func oneModel() throws {
    let model = try GoodNet.model(suspect: network(identity), repaired: network(swapped))
    #expect(model.classCount == 4)
    let images: [Float] = [
      1, 2, 0.5,  // both say 1
      3, 2, 1,  // 0 against 2: flagged
      2, 2, 2,  // a tie of all: the lowest class, 0, on both sides
      5, 5, 1,  // 0 by a tie, against 1 by a tie of 1 and 2: flagged
      1, 5, 5,  // 1 by a tie, against 0 by a tie of 0 and 1: flagged
      1, 1.0000001, 0,  // one unit in the last place apart: 1 on both sides
      -7, -3, -9,  // negative scores: 1
      -200, 90, 100,  // saturated softmax: 2 against 0, flagged
      1e-9, 2e-9, 0,  // tiny scores: 1
      30000, 30001, 0,  // large scores: 1
    ]
    let (labels, values) = try outputs(model, images)
    #expect(labels == [1, 3, 0, 3, 3, 1, 1, 3, 1, 1])
    #expect(values.allSatisfy { $0 == 0 || $0 == 1 })
    for image in labels.indices {
      let row = values[image * 4..<image * 4 + 4]
      #expect(row.reduce(0, +) == 1)
      #expect(row.firstIndex(of: 1) == image * 4 + Int(labels[image]))
    }
  }

  @Test(
    "What both models share occurs once; the rest gets a suffix; softmax may be missing or apart")
  func structure() throws {
    let joined = try GoodNet.model(suspect: network(identity), repaired: network(swapped)).graph
    let names = joined.nodes.map(\.name)
    #expect(names.prefix(4) == ["input", "shared", "scores", "scores_repaired"])
    #expect(Set(names).count == names.count)

    let plain = try network(swapped, softmax: .linear)
    var apart = try network(identity, softmax: .linear)
    try apart.graph.append("softmax", .activation, inputs: [2], activation: .softmax)
    let (labels, _) = try outputs(
      try GoodNet.model(suspect: apart, repaired: plain), [1, 2, 0, 3, 0, 0])
    #expect(labels == [1, 3])
  }

  @Test("A model joined with itself flags nothing")
  func itself() throws {
    let model = try network(swapped)
    let joined = try GoodNet.model(suspect: model, repaired: model)
    #expect(try outputs(joined, [1, 2, 0, 3, 0, 0, 0, 0, 0]).labels == [1, 2, 0])
  }

  @Test("The one model agrees with the detector on many classes and images, ties included")
  func sameAsDetector() throws {
    let classes = 37
    var state: UInt64 = 7
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33)
    }
    // Small integers, so that equal scores are common and every product is exact.
    func matrix() -> [Float] { (0..<classes * classes).map { _ in Float(next() % 2) } }
    let base = matrix()
    let suspect = try network(base, classes: classes)
    // The copy differs in three rows only, so that both answers occur.
    let repaired = try network(
      base.enumerated().map { $0 < 3 * classes ? 0 : $1 }, classes: classes)
    let images = (0..<classes * 200).map { _ in Float(next() % 2) }
    let source = ArraySource(images, imageShape: [classes])
    let expected = try GoodNet().predictions(
      for: source, suspect: suspect, repaired: Repair(repaired), using: nil, in: RunContext())
    let joined = try GoodNet.model(suspect: suspect, repaired: repaired)
    let flag = Prediction.class(classes)
    #expect(
      try outputs(joined, images).labels.map { Prediction(label: $0) }
        == expected.map { $0 == .flagged ? flag : $0 })
    #expect(expected.contains(.flagged))
    #expect(Set(expected).count > 2)
  }

  @Test("Models that do not belong together are refused")
  func refusal() throws {
    let small = try network([1, 0, 0, 1], classes: 2)
    #expect(throws: PluginError.self) {
      try GoodNet.model(suspect: network(identity), repaired: small)
    }
    var scaled = try network(identity)
    scaled.preprocessing.scale = 1 / 255
    #expect(throws: PluginError.self) {
      try GoodNet.model(suspect: network(identity), repaired: scaled)
    }
  }
}
