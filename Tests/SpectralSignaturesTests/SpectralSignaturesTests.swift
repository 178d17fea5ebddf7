import DefenseKit
import DefenseKitTesting
import Testing

@testable import SpectralSignatures

@Suite("Spectral signatures")
struct SpectralSignaturesTests {
  @Test("Scores of a few points, worked by hand")
  func byHand() {
    // The mean is (5, 1); less it (2, 0), (-2, 0), (0, 1), (0, -1): v = (1, 0).
    let scores = SpectralSignatures.signatures(of: [7, 1, 3, 1, 5, 2, 5, 0], count: 4)
    for (found, wanted) in zip(scores, [4.0, 4, 0, 0]) { #expect(abs(found - wanted) < 1e-9) }
    // Uncentred it would be the direction of the mean. Less it (1, 1), (-1, -1), (0, 0): v = (1, 1) / sqrt 2.
    let diagonal = SpectralSignatures.signatures(of: [101, 1, 99, -1, 100, 0], count: 3)
    for (found, wanted) in zip(diagonal, [2.0, 2, 0]) { #expect(abs(found - wanted) < 1e-9) }
    #expect(SpectralSignatures.signatures(of: [3, 4], count: 1) == [0])
    #expect(SpectralSignatures.signatures(of: [3, 4, 3, 4], count: 2) == [0, 0])
  }

  @Test("The direction is the covariance's, whatever the size", arguments: 1...60)
  func covariance(seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    func upTo(_ most: Int) -> Int { Int(numbers.unit() * Double(most)) }
    let (count, size) = (2 + upTo(30), 1 + upTo(25))
    // One direction is stretched, so that there is a first one.
    let stretch = (0..<size).map { _ in numbers.unit() * 6 - 3 }
    let rows = (0..<count).flatMap { _ -> [Float] in
      let along = numbers.unit() * 2 - 1
      return stretch.map { Float($0 * along + numbers.unit() * 0.1 + 40) }
    }
    let mean = (0..<size).map { column in
      (0..<count).reduce(0) { $0 + Double(rows[$1 * size + column]) } / Double(count)
    }
    func centred(_ row: Int, _ column: Int) -> Double {
      Double(rows[row * size + column]) - mean[column]
    }
    let products = (0..<size).map { a in
      (0..<size).map { b in
        (0..<count).reduce(0) { $0 + centred($1, a) * centred($1, b) }
      }
    }
    // The power method on the whole matrix, from a start that is not along any axis.
    var vector = (0..<size).map { 1 + 0.01 * Double($0) }
    for _ in 0..<3000 {
      let next = products.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
      let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = next.map { $0 / length }
    }
    let found = SpectralSignatures.signatures(of: rows, count: count)
    let scale = found.max() ?? 1
    for row in 0..<count {
      let along = (0..<size).reduce(0) { $0 + centred(row, $1) * vector[$1] }
      #expect(
        abs(found[row] - along * along) < 1e-6 * scale,
        "row \(row) of \(count) x \(size), seed \(seed)")
    }
  }

  @Test("Of each label one and a half times the share are dropped, those with the largest scores")
  func drops() throws {
    let problem = try ToyProblem.standard()
    let training = problem.poisonedTraining
    for share in [0.05, 0.1, 0.5, 1] {
      var options = SpectralSignatures.Options()
      options.share = share
      let found = try SpectralSignatures(options: options).scores(
        of: training, model: problem.plain.model, using: nil, in: RunContext())
      let dropped = Set(try #require(found.dropped))
      for label in Set(training.labels) {
        let images = training.labels.indices.filter { training.labels[$0] == label }
        let out = images.filter(dropped.contains)
        #expect(
          out.count == min(images.count, Int((1.5 * share * Double(images.count)).rounded())))
        let least = out.map { found.scores[$0] }.min() ?? 0
        let most = images.filter { !dropped.contains($0) }.map { found.scores[$0] }.max() ?? 0
        #expect(least >= most)
      }
    }
  }

  @Test("Poisoned images of the toy problem stand out")
  func finds() throws {
    let problem = try ToyProblem.standard()
    let experiment = try Experiment(
      suspect: problem.plain.model, clean: nil, train: problem.poisonedTraining)
    let result = try experiment.scores(by: SpectralSignatures(), in: RunContext())
    #expect(result.counts.poisoned == 100)
    #expect((result.counts.auroc ?? 0) > 0.8, "\(result.counts)")
  }

  @Test("A layer that there is not, and a network without one, are refused")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    var options = SpectralSignatures.Options()
    options.layer = "nowhere"
    let unknown = #expect(throws: PluginError.self) {
      try SpectralSignatures(options: options).scores(
        of: problem.poisonedTraining, model: problem.plain.model, using: nil, in: RunContext())
    }
    #expect(unknown?.description.contains("takes a layer of the model, not 'nowhere'") == true)
    var graph = try Graph(inputShape: [8, 8, 1])
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [64, 4], repeating: 0.1))), inputs: [1])
    let refused = #expect(throws: PluginError.self) {
      try SpectralSignatures().scores(
        of: problem.poisonedTraining,
        model: Model(graph: graph, preprocessing: Preprocessing(scale: 1), name: "linear"),
        using: nil, in: RunContext())
    }
    #expect(refused?.code == .unsuitableModel)
  }
}
