import DefenseKit
import DefenseKitTesting
import Frame
import Testing

@Suite("Frame")
struct FrameTests {
  static let checks = PluginChecks(Frame.self)

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("The outermost pixels are white, all others unchanged")
  func pixels() throws {
    let goal = try AttackGoal(target: 0, classCount: 2)
    let trigger = try Trigger(
      of: Frame(), imageShape: [4, 3, 1], goal: goal, in: RunContext())
    #expect(
      trigger.applied(to: Array(repeating: 7, count: 12)) == [
        255, 255, 255,
        255, 7, 255,
        255, 7, 255,
        255, 255, 255,
      ])
  }
}
