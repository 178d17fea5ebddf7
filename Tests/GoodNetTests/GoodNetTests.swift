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
  let labels = try Executor([model], options: ExecutionOptions(threads: 1)).predictions(for: source)
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
    #expect(GoodNet.label(suspect: 4, repaired: 4, classCount: 9) == 4)
    #expect(GoodNet.label(suspect: 4, repaired: 0, classCount: 9) == 9)
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
    // The copy differs in three rows only, so that both verdicts occur.
    let repaired = try network(
      base.enumerated().map { $0 < 3 * classes ? 0 : $1 }, classes: classes)
    let images = (0..<classes * 200).map { _ in Float(next() % 2) }
    let source = ArraySource(images, imageShape: [classes])
    let expected = try GoodNet().labels(
      of: source, suspect: suspect, repaired: repaired, using: nil, in: RunContext())
    let joined = try GoodNet.model(suspect: suspect, repaired: repaired)
    #expect(try outputs(joined, images).labels == expected)
    #expect(expected.contains(Int32(classes)))
    #expect(Set(expected).count > 2)
  }

  @Test("Models that do not belong together are refused")
  func refusal() throws {
    let small = try network([1, 0, 0, 1], classes: 2)
    #expect(throws: PluginError.self) {
      try GoodNet.model(suspect: network(identity), repaired: small)
    }
    var scaled = try network(identity)
    scaled.inputScale = 1 / 255
    #expect(throws: PluginError.self) {
      try GoodNet.model(suspect: network(identity), repaired: scaled)
    }
  }
}
