import DefenseKit
import DefenseKitTesting
import PluginName
import Testing

@Suite("PluginName")
struct PluginNameTests {
  static let checks = PluginChecks(PluginName.self, refusing: ["threshold": ["1", "-2", "much"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("Finds the class with large weights, worked out by hand")
  func byHand() throws {
    // Columns (3, 4), (0, 1), (1, 0): norms 5, 1 and 1.
    var graph = try Graph(inputShape: [1, 2, 1])
    try graph.append("flat", .flatten, inputs: [0])
    let kernel = Tensor(shape: [2, 3], values: [3, 0, 1, 4, 1, 0])
    try graph.append("scores", .dense(Dense(kernel: kernel)), inputs: [1])
    let verdict = try PluginName(options: .init())
      .scan(Model(graph: graph), using: nil, in: RunContext())
    #expect(verdict.classScores == [5, 1, 1])
    #expect(verdict.statistic == 5 && verdict.isBackdoored && verdict.topClass == 0)
  }
}
