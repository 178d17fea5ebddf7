import DefenseKit
import DefenseKitTesting
import PluginName
import Testing

@Suite("PluginName")
struct PluginNameTests {
  static let checks = PluginChecks(
    PluginName.self, refusing: ["share": ["0", "1", "-0.5", "half"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("Prunes a quarter of the channels; another seed prunes others")
  func channels() throws {
    let problem = try ToyProblem.standard()
    let defense = try PluginName(options: .init())
    func pruned(seed: UInt64) throws -> [[Int]] {
      try defense.repair(problem.plain.model, using: problem.clean, in: RunContext(seed: seed))
        .flatMap { $0.pruned.map(\.channels) }
    }
    #expect(try pruned(seed: 1).map(\.count) == [3])
    #expect(try pruned(seed: 1) != pruned(seed: 2))
  }
}
