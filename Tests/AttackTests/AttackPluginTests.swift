import AdaptiveBlend
import BPP
import DefenseKit
import DefenseKitTesting
import FTrojan
import Foundation
import LowFrequency
import MultiTrigger
import TaCT
import Testing

@Suite("Rules of plugins, kept by attacks")
struct AttackPluginTests {
  static let all: [PluginChecks] = {
    var multi = MultiTrigger.Options()
    multi.size = 2
    return [
      PluginChecks(
        AdaptiveBlend.self, refusing: ["alpha": ["0", "1.1"], "pieces": ["0", "65"]]),
      PluginChecks(BPP.self, refusing: ["levels": ["1", "257"], "negative-ratio": ["-1"]]),
      PluginChecks(TaCT.self, refusing: ["source": ["-1"], "cover-classes": ["1,1"]]),
      PluginChecks(LowFrequency.self, refusing: ["range": ["0", "2"], "frequencies": ["0"]]),
      PluginChecks(FTrojan.self, refusing: ["magnitude": ["0"], "window": ["1"]]),
      PluginChecks(MultiTrigger.self, options: multi, refusing: ["count": ["1", "5"]]),
    ]
  }()

  @Test("Every rule", arguments: all)
  func rules(_ checks: PluginChecks) throws { try checks.run() }

  /// Each strong enough for pictures of 8x8 pixels.
  static func attacks() throws -> [(attack: any Attack, rate: Double, success: Double)] {
    var (blend, levels, waves, tact) = (
      AdaptiveBlend.Options(), BPP.Options(), FTrojan.Options(), TaCT.Options()
    )
    (blend.alpha, blend.trainAlpha, blend.coverRatio) = (0.5, 0.4, 0.5)
    (levels.levels, levels.dither) = (4, false)
    waves.magnitude = 120
    tact.size = 2
    var low = LowFrequency.Options()
    low.range = 0.5
    return [
      (try AdaptiveBlend(options: blend), 0.1, 0.9), (try BPP(options: levels), 0.2, 0.8),
      (try FTrojan(options: waves), 0.1, 0.9), (try LowFrequency(options: low), 0.1, 0.9),
      (try TaCT(options: tact), 0.08, 0.9),
    ]
  }

  @Test("Every attack makes a model that errs on its triggered images alone", arguments: 0..<5)
  func success(_ number: Int) throws {
    let (attack, rate, success) = try Self.attacks()[number]
    let outcome = try toyExperiment(attack, rate: rate, epochs: 16).run(cleanTwin: true)
    let counts = try #require(outcome.result.poisoned?.counted)
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(counts.images == (attack is TaCT ? 25 : 75))
    let name = type(of: attack).name
    #expect(counts.successRate >= success, "\(name): \(counts.successRate)")
    let twin = try #require(outcome.twin?.result.poisoned).counted
    #expect(twin.successRate <= 0.5, "\(name), clean twin: \(twin.successRate)")
  }

  @Test("tact: the patch does little to images of other classes than the source")
  func sourceOnly() throws {
    let (attack, rate, _) = try Self.attacks()[4]
    let experiment = try toyExperiment(attack, rate: rate, epochs: 16)
    let outcome = try experiment.run()
    let (images, trueLabels) = try outcome.trigger.testSet(
      from: experiment.test, keepsUnaffected: true)
    let others = images.labels.indices.filter { Int(trueLabels[$0]) != 2 }
    let predictions = try Executor([outcome.model]).predictions(
      for: images.selecting(others).dataSet())[0]
    let hits = zip(predictions, others).count { prediction, index in
      prediction == .class(Int(trueLabels[index]))
    }
    #expect(Double(hits) / Double(others.count) >= 0.9, "\(hits) of \(others.count)")
  }
}

@Suite("Quantization as a trigger")
struct QuantizationTriggerTests {
  private func path() -> String {
    FileManager.default.temporaryDirectory.appending(path: "levels-\(UUID()).h5").path
  }

  @Test("A file keeps levels, dithering and source; equal triggers give equal bytes")
  func files() throws {
    let file = path()
    defer { try? FileManager.default.removeItem(atPath: file) }
    for dithers in [false, true] {
      let trigger = try Trigger(
        .quantization(levels: 8, dithers: dithers), imageShape: [2, 3, 3],
        goal: AttackGoal(target: 2, classCount: 5, source: dithers ? 4 : nil), attack: "bpp",
        seed: .max, options: [OptionText(name: "levels", value: "8")])
      try trigger.save(to: file)
      #expect(try Trigger.load(file) == trigger)
      #expect(try Trigger.load(file, sandbox: .off) == trigger)
      let bytes = try Data(contentsOf: URL(filePath: file))
      try trigger.save(to: file)
      #expect(try Data(contentsOf: URL(filePath: file)) == bytes)
      #expect(
        try trigger.retargeted(to: 1).goal
          == AttackGoal(target: 1, classCount: 5, source: dithers ? 4 : nil))
    }
  }

  @Test("Numbers of levels that there cannot be are refused")
  func refusals() throws {
    for levels in [-1, 0, 1, 257, Int.max] {
      #expect(
        message {
          _ = try Trigger(
            .quantization(levels: levels, dithers: false), imageShape: [1, 1, 1], goal: goal())
        } == "the trigger rounds to \(levels) levels, outside of 2...256")
    }
  }

  @Test("The picture is a ramp in the levels")
  func preview() throws {
    let trigger = try Trigger(
      .quantization(levels: 2, dithers: false), imageShape: [1, 4, 1], goal: goal())
    // 0, 85, 170 and 255 go to 0, 0, 255 and 255.
    #expect(
      trigger.preview.pixels == [0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255])
  }
}
