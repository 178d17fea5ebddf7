import DefenseKit
import DefenseKitTesting
import MagnitudePruning
import Testing

@Suite("Magnitude pruning")
struct MagnitudePruningTests {
  static let checks = PluginChecks(
    MagnitudePruning.self, refusing: ["share": ["0", "1", "-0.5", "half"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("The channels with the smallest norms are pruned")
  func norms() throws {
    // Two channels of a 1x1 kernel over two inputs: |1| + |-2| = 3, and |2| + |0.5| = 2.5.
    var graph = try Graph(inputShape: [1, 1, 2])
    let kernel = Tensor(shape: [1, 1, 2, 2], values: [1, 2, -2, 0.5])
    try graph.append("conv", .convolution(Convolution(kernel: kernel)), inputs: [0])
    try graph.append("flatten", .flatten, inputs: [1])
    let weights = Tensor(shape: [2, 2], values: [1, 0, 0, 1])
    try graph.append("output", .dense(Dense(kernel: weights)), inputs: [2])
    let clean = try CleanData(ArraySource([1, 0], imageShape: [1, 1, 2]), labels: [1])
    let repairs = try MagnitudePruning(options: .init())
      .repair(Model(graph: graph), using: clean, in: RunContext())
    #expect(repairs.map(\.pruned) == [[PrunedChannels(layer: "conv", channels: [1], of: 2)]])
  }

  @Test("It repairs the toy problem's network, which the whole experiment shows")
  func experiment() throws {
    let problem = try ToyProblem.standard()
    let experiment = try Experiment(
      suspect: problem.plain.model, clean: problem.clean, test: problem.test,
      poisoned: problem.poisoned)
    let defense = try MagnitudePruning(options: .init())
    let evaluation = try experiment.run([defense], in: RunContext())
    let repair = try #require(evaluation.repairs.first)
    #expect(repair.repair.pruned.map(\.channels.count) == [6])
    #expect(repair.result.test?.images == 64 && repair.result.poisoned?.counted.images == 48)
  }
}
