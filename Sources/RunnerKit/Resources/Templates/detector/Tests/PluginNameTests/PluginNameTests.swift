import DefenseKit
import DefenseKitTesting
import PluginName
import Testing

@Suite("PluginName")
struct PluginNameTests {
  static let checks = PluginChecks(
    PluginName.self, refusing: ["alarms": ["-0.1", "1.1", "few"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("Flags the allowed share of the clean images it learned from")
  func alarms() throws {
    let problem = try ToyProblem.standard()
    let detector = try PluginName(options: .init())
    let detections = try detector.detections(
      on: problem.cleanImages.dataSet(), suspect: problem.plain.model, repaired: nil,
      using: problem.clean, in: RunContext())
    // 5 % of 160; class 4 is one past the last of 4.
    #expect(detections.count { $0.prediction == .flagged } == 8)
  }
}
