import DefenseKit
import DefenseKitTesting
import PluginName
import Testing

@Suite("PluginName")
struct PluginNameTests {
  static let checks = PluginChecks(PluginName.self, refusing: ["share": ["-0.1", "1.1", "few"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("Drops the given share of images")
  func share() throws {
    let problem = try ToyProblem.standard()
    let found = try PluginName(options: .init()).scores(
      of: problem.poisonedTraining, model: problem.plain.model, using: nil, in: RunContext())
    #expect(found.scores.count == 400)
    #expect(found.dropped?.count == 40)
  }
}
