import DefenseKit
import DefenseKitTesting
import PluginName
import Testing

@Suite("PluginName")
struct PluginNameTests {
  static let checks = PluginChecks(
    PluginName.self, refusing: ["height": ["0", "-1", "4097", "high"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("The upper rows are white, all others unchanged")
  func pixels() throws {
    let goal = try AttackGoal(target: 0, classCount: 2)
    let attack = try PluginName(options: .init())
    let trigger = try Trigger(of: attack, imageShape: [3, 2, 1], goal: goal, in: RunContext())
    #expect(trigger.applied(to: [1, 2, 3, 4, 5, 6]) == [255, 255, 255, 255, 5, 6])
  }
}
