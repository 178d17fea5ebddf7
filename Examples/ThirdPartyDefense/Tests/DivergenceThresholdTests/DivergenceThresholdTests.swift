import DefenseKit
import DefenseKitTesting
import DivergenceThreshold
import Testing

@Suite("Divergence threshold")
struct DivergenceThresholdTests {
  static let checks = PluginChecks(
    DivergenceThreshold.self, refusing: ["alarms": ["-0.1", "1.1", "few"]])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  @Test("Flags triggered images, and the allowed share of the clean images it learned from")
  func flags() throws {
    let problem = try ToyProblem.standard()
    let detector = try DivergenceThreshold(options: .init())
    func flagged(_ images: LabelledImages) throws -> Int {
      try detector.detections(
        on: images.dataSet(), suspect: problem.plain.model,
        repaired: Repair(problem.plain.repaired), using: problem.clean, in: RunContext()
      ).count { $0.prediction == .flagged }
    }
    #expect(try flagged(problem.triggeredImages) == problem.triggeredImages.count)
    // 5 % of 160.
    #expect(try flagged(problem.cleanImages) == 8)
  }
}
