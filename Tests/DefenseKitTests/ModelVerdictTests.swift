import DefenseKit
import Foundation
import ModelIO
import NetworkTraining
import Testing

@Suite("Verdicts on models")
struct ModelVerdictTests {
  @Test("A model over the threshold has its suspect as target, another none")
  func targets() {
    let scores = [0.5, 3, 3, 1]
    let found = ModelVerdict(statistic: 3, threshold: 2, classScores: scores, measure: "m")
    #expect(found.isBackdoored && found.targets == [1])
    let clear = ModelVerdict(statistic: 2, threshold: 2, classScores: scores, measure: "m")
    #expect(!clear.isBackdoored && clear.targets.isEmpty)
    let several = ModelVerdict(
      statistic: 3, threshold: 2, classScores: scores, measure: "m", targets: [1, 2])
    #expect(several.targets == [1, 2])
  }

  private func verdict() throws -> ModelVerdict {
    let found = MaskedPattern(
      imageShape: [1, 2, 1], mask: [0.5, 0], pattern: [1, 0.25])
    let trigger = try Trigger(
      found, range: 0...1, target: 1, classCount: 3, scanner: "finder", seed: 7)
    return ModelVerdict(
      statistic: .infinity, threshold: 2, classScores: [1, 4, 3], measure: "size",
      targets: [1, 2], triggers: [trigger], notes: ["10 of 12 classes were screened out"])
  }

  @Test("Text and JSON show target classes, found triggers and notes")
  func output() throws {
    let verdict = try verdict()
    #expect(
      verdict.text(by: "finder") == """
        finder: backdoored, classes 1, 2
          statistic infinite, threshold 2
          size:
            class 1      4
            class 2      3
            class 0      1
          a trigger of class 1 was found, 25 % of the image
          10 of 12 classes were screened out

        """)
    #expect(
      verdict.json == [
        "backdoored": true, "class": 1, "statistic": .number(.infinity), "threshold": .number(2),
        "measure": "size", "scores": [.number(1), .number(4), .number(3)], "targets": [1, 2],
        "triggers": [["class": 1, "area": .number(0.25)]],
        "notes": ["10 of 12 classes were screened out"],
      ])
  }

  @Test("A record keeps everything but the triggers")
  func record() throws {
    var verdict = try verdict()
    let read = try JSONDecoder().decode(
      ModelVerdict.self, from: JSONEncoder().encode(verdict))
    verdict.triggers = []
    #expect(read == verdict)
    let old = #"{"classScores":[1,2],"measure":"m","statistic":3,"threshold":2}"#
    #expect(
      try JSONDecoder().decode(ModelVerdict.self, from: Data(old.utf8)).targets == [1])
  }

  @Test("A found mask and pattern become an overlay on bytes")
  func trigger() throws {
    let trigger = try verdict().triggers[0]
    #expect(trigger.change == .overlay(pattern: [255, 63.75], alpha: [0.5, 0]))
    #expect(trigger.attack == "finder" && trigger.seed == 7 && trigger.goal.target == 1)
    #expect(trigger.applied(to: [100, 100]) == [178, 100])
  }

  @Test(
    "The range of images' values",
    arguments: [
      ([0, 0.5, 1, 0], Float(0)...1), ([0, 2, 1, 0], 0...255), ([0, -1, 1, 0.5], -1...1),
      ([0, 256, 3, 1], 0...256),
    ] as [([Float], ClosedRange<Float>)])
  func range(values: [Float], range: ClosedRange<Float>) throws {
    let clean = try CleanData(
      ArraySource(values, imageShape: [1, 2, 1]), labels: [0, 1])
    #expect(try clean.valueRange() == range)
  }
}
