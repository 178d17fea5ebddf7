import DefenseKit
import Testing

private struct Nothing: Defense {
  static let name = "nothing"
  static let summary = "Does nothing."
  init(options: NoOptions) {}
  func repair(_ model: Model, using clean: CleanData?, in context: RunContext) -> [Repair] { [] }
}

private struct Suspicious: Detector {
  struct Options: PluginOptions {
    var level = 0.5
    static var declarations: [PluginOption<Options>] {
      [PluginOption("level", \.level, "A level, 0 to 1.")]
    }
  }
  struct Flags: FittedDetector {
    let models: [Model]
    func detections(for batch: DetectorBatch) -> [Detection] {
      batch.indices.map { _ in Detection(.flagged, score: 1) }
    }
  }
  static let name = "suspicious"
  static let summary = "Flags everything."
  let options: Options
  init(options: Options) throws(PluginError) {
    guard (0...1).contains(options.level) else {
      throw PluginError(.badOption, "suspicious.level takes a number from 0 to 1")
    }
    self.options = options
  }
  func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) -> any FittedDetector { Flags(models: [suspect]) }
}

@Suite("The set of plugins")
struct PluginSetTests {
  @Test("A duplicate name is an error")
  func duplicate() {
    #expect(
      message { _ = try PluginSet([Nothing.self, Nothing.self]) }
        == "nothing is the name of two plugins; rename one or leave one out")
  }

  @Test("An unknown name lists the known and suggests the nearest")
  func unknown() throws {
    let set = try PluginSet([Nothing.self, Suspicious.self])
    #expect(
      message { _ = try set.defense(named: "nothin") }
        == "nothin is not a defense; did you mean 'nothing'? (defenses: nothing)")
    #expect(
      message { _ = try set.detector(named: "xyzzy") }
        == "xyzzy is not a detector (detectors: suspicious)")
    #expect(
      message { _ = try set.defense(named: "suspicious") }
        == "suspicious is a detector, not a defense; use suspicious as detector")
    #expect(
      message { _ = try PluginSet([]).defense(named: "a") }
        == "a is not a defense (defenses: none)")
  }

  @Test("Plugins are made with their options, which they check")
  func options() throws {
    let set = try PluginSet([Nothing.self, Suspicious.self])
    let made = try set.detector(
      named: "suspicious", settings: [OptionSetting("suspicious.level=0.25")])
    #expect((made as? Suspicious)?.options.level == 0.25)
    #expect(
      message {
        _ = try set.detector(
          named: "suspicious", settings: [OptionSetting("suspicious.level=3")])
      } == "suspicious.level takes a number from 0 to 1")
  }

  @Test("A setting without effect is an error")
  func unusedSettings() throws {
    let set = try PluginSet([Nothing.self, Suspicious.self])
    let setting = try OptionSetting("suspicious.level=0.25")
    try set.check([setting], used: ["nothing", "suspicious"])
    #expect(
      message { try set.check([setting], used: ["nothing"]) }?.contains("has no effect") == true)
    #expect(
      message { try set.check([OptionSetting("suspicous.level=1")], used: ["nothing"]) }?
        .contains("did you mean 'suspicious'?") == true)
  }

  @Test("A third party's detector is evaluated with a defense that found nothing")
  func evaluation() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0],
      activation: .softmax)
    let model = Model(graph: graph)
    let images = ArraySource([1, 0, 0, 1, 3, 1], imageShape: [2])
    let clean = try CleanData(images, labels: [0, 1, 1])
    let triggered = ArraySource([1, 0.5, 0.5, 1, 3, 0], imageShape: [2])
    let poisoned = try PoisonedData(triggered, targets: [0, 0, 0], trueLabels: [0, 1, 1])
    let experiment = try Experiment(suspect: model, clean: clean, test: clean, poisoned: poisoned)
    let repair = Repair(
      model: model, defense: "none", clean: CleanCounts(correct: 2, images: 3))
    let detector = try Suspicious(options: .init())
    let result = try experiment.evaluate([repair], [detector], in: RunContext())
    #expect(result.suspect.test == CleanCounts(correct: 2, images: 3))
    #expect(result.suspect.poisoned?.counted == PoisonedCounts(hits: 1, restored: 1, images: 2))
    #expect(result.suspect.poisoned?.all == PoisonedCounts(hits: 2, restored: 2, images: 3))
    let verdicts = result.repairs[0].detectors[0].result
    #expect(verdicts.test == CleanCounts(correct: 0, flagged: 3, images: 3))
    #expect(verdicts.test?.filteredAccuracy == nil)
    #expect(
      verdicts.poisoned?.counted == PoisonedCounts(hits: 0, restored: 0, flagged: 2, images: 2))
    #expect(result.repairs[0].detectors[0].auroc == 0.5)
  }
}
