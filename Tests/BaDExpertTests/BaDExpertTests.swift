import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import BaDExpert

@Suite("BaDExpert")
struct BaDExpertTests {
  /// Options for small networks, which learn more in a step.
  private static func quick(
    _ shadow: BaDExpert.Shadow = .tuned, epochs: Int = 20, alarms: Double = 0.1
  ) -> BaDExpert.Options {
    var options = BaDExpert.Options(
      shadow: shadow, expertRate: 1e-3, expertEpochs: 40, alarms: alarms)
    options.tuning.epochs = epochs
    return options
  }

  private static let refused = [
    "shadow": ["none"], "expert-rate": ["0", "1.1"], "expert-epochs": ["0", "1001"],
    "knee": ["0", "1.1"], "alarms": ["-0.1", "1"], "held-out": ["0", "1"], "epochs": ["0"],
    "batch": ["0"],
  ]

  static let checks = PluginChecks(
    BaDExpert.self,
    options: {
      var options = quick(epochs: 2)
      options.expertEpochs = 2
      return options
    }(), refusing: refused)

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  static let repairedChecks = PluginChecks(
    BaDExpert.self,
    options: {
      var options = quick(.repaired)
      options.expertEpochs = 2
      return options
    }())

  @Test("A rule of plugins, with a repaired copy", arguments: repairedChecks.rules)
  func repairedRule(_ rule: PluginRule) throws { try Self.repairedChecks.check(rule) }

  // MARK: By hand

  @Test("Scores worked out by hand")
  func scores() {
    func score(_ y: Double, _ x: Double, knee: Double = 0.5) -> Double {
      Double(ExpertTest.score(shadow: -log(y), expert: -log(x), knee: knee))
    }
    // The second term is huge from the knee on.
    #expect(abs(score(0.95, 0.02) + 95) < 1e-4)
    #expect(abs(score(0.95, 0.9) + 2.1111) < 1e-4)
    // 0.4 / 0.9 against 0.1 / 0.3.
    #expect(abs(score(0.2, 0.9) + 0.3333) < 1e-4)
    // With a knee of 0.4: 0.2 / 0.36 against 0.1 / 0.2.
    #expect(abs(score(0.2, 0.9, knee: 0.4) + 0.5) < 1e-4)
    // Probabilities that round to zero: 800 and 900 nats.
    #expect(ExpertTest.score(shadow: 800, expert: 900, knee: 0.5) == -2)
    #expect(abs(ExpertTest.score(shadow: 900, expert: 800, knee: 0.5)) < 1e-30)
    #expect(ExpertTest.score(shadow: .nan, expert: 1, knee: 0.5).isNaN)
    #expect(ExpertTest.score(shadow: 1, expert: .nan, knee: 0.5).isNaN)
  }

  // MARK: On networks

  @Test("The expert's first epochs are those of a training with shifted labels")
  func expert() throws {
    let problem = try ToyProblem.standard()
    let model = problem.plain.model
    var options = Self.quick()
    options.expertRate = 1e-6
    options.expertEpochs = 3
    let context = RunContext(seed: 5)
    let heldOut = Array(0..<40)
    let expert = try BaDExpert(options: options).expert(
      of: model, on: problem.clean, heldOut: heldOut, in: context)
    let order = try problem.clean.contentOrder().filter { $0 >= 40 }
    var expected = model
    for epoch in 0..<3 {
      expected = try expected.trained(
        on: TrainingSet(
          Subset(of: problem.clean.source, order),
          labels: order.map { (problem.clean.labels[$0] + 1) % 4 }),
        options: TrainingOptions(
          epochs: 1, batchSize: 32, optimizer: .adam(), learningRate: 1e-6,
          freezesNormalization: true, seed: UInt64(5 + epoch))
      ).model
    }
    #expect(expert.graph == expected.graph && expert.graph != model.graph)
    let correct = try CleanCounts(
      of: expert,
      on: CleanData(
        Subset(of: problem.clean.source, heldOut), labels: Array(problem.clean.labels[..<40])),
      in: RunContext()
    ).correct
    #expect(
      context.statistics.warnings == [
        "bad-expert: after 3 epochs the expert still classifies \(correct) of 40 held-out clean "
          + "images correctly, so it tells little about triggers; raise bad-expert.expert-epochs or "
          + "bad-expert.expert-rate"
      ])
  }

  @Test("Equal to the equation in a plain loop over the models' outputs; the expert has forgotten")
  func slow() throws {
    let problem = try ToyProblem.standard()
    let model = problem.normalized.model
    let detector = try BaDExpert(options: Self.quick())
    let context = RunContext()
    let fitted = try detector.fitted(
      to: model, repaired: nil, using: problem.clean, in: context)
    #expect(fitted.models.count == 3 && fitted.models[0].graph == model.graph)
    let all = Array(0..<problem.clean.count)
    let detections = try fitted.detections(for: problem.clean, at: all, in: RunContext())
    let executor = try Executor(
      fitted.models, observing: fitted.models.indices.map { ($0, "output") })
    let outputs = try executor.observations(of: problem.clean.source)
    for image in all {
      func probabilities(_ model: Int) -> [Double] {
        outputs[model][image * 4..<(image + 1) * 4].map { Double($0) }
      }
      let suspect = probabilities(0)
      let number = suspect.firstIndex(of: suspect.max()!)!
      let (y, x) = (probabilities(1)[number], probabilities(2)[number])
      let expected = -min(2 * y / x, (1 - x) / max(0.5 - y, 1e-8))
      #expect(abs(Double(detections[image].score) - expected) <= 1e-4 * max(1, abs(expected)))
    }
    let expert = try CleanCounts(of: fitted.models[2], on: problem.clean, in: RunContext())
    #expect(expert.accuracy < 0.35 && context.statistics.warnings.isEmpty)
    let threshold = try #require(fitted.detectionThreshold)
    // A fifth of 160 images.
    #expect(threshold.images == 32 && threshold.flagged <= 3)
  }

  @Test("Triggered images survive in the expert", arguments: [BaDExpert.Shadow.tuned, .repaired])
  func trial(_ shadow: BaDExpert.Shadow) throws {
    let problem = try ToyProblem.standard()
    for suspect in problem.suspects {
      let repair = Repair(
        model: suspect.repaired, defense: "toy", heldOut: Array(0..<40),
        clean: nil)
      let detector = try BaDExpert(options: Self.quick(shadow))
      #expect(detector.comparesModels == (shadow == .repaired))
      let evaluation = try Experiment(
        suspect: suspect.model, clean: problem.clean, test: problem.test,
        poisoned: problem.poisoned
      ).evaluate([repair], [detector], in: RunContext())
      let results =
        shadow == .tuned ? evaluation.suspectDetectors : evaluation.repairs[0].detectors
      #expect(evaluation.suspectDetectors.count + evaluation.repairs[0].detectors.count == 1)
      let result = try #require(results.first)
      let auroc = try #require(result.auroc)
      print(
        "bad-expert \(suspect.model.name) \(shadow): AUROC \(auroc), flagged "
          + "\(result.result.test?.flaggedShare ?? -1) of clean, "
          + "\(result.result.poisoned?.counted.flaggedShare ?? -1) of triggered images")
      #expect(auroc > 0.9)
      if shadow == .repaired { #expect(result.threshold?.images == 40) }
    }
  }

  @Test("A repaired copy of unknown origin gets a warning, and held-out images of the expert's")
  func unknownOrigin() throws {
    let problem = try ToyProblem.standard()
    let context = RunContext()
    var options = Self.quick(.repaired)
    options.tuning.heldOut = 0.25
    let fitted = try BaDExpert(options: options).fitted(
      to: problem.plain.model, repaired: Repair(problem.plain.repaired), using: problem.clean,
      in: context)
    #expect(fitted.detectionThreshold?.images == 40)
    #expect(
      context.statistics.warnings == [
        "bad-expert with repaired: the threshold is set on images of toy clean images that the "
          + "repaired copy may have been trained on, as none are known to be held out of the repair; "
          + "if it was, more than bad-expert.alarms of other clean images may be flagged"
      ])
  }

  @Test("What is missing or does not fit is said in a line")
  func refusals() throws {
    let problem = try ToyProblem.standard()
    func message(_ options: BaDExpert.Options, _ copy: Model?, _ clean: CleanData?) -> String? {
      do {
        _ = try BaDExpert(options: options).predictions(
          for: problem.test.source, suspect: problem.plain.model, repaired: copy.map { Repair($0) },
          using: clean, in: RunContext())
        return nil
      } catch { return "\(error)" }
    }
    #expect(message(Self.quick(), nil, nil) == "bad-expert learns from clean images; give some")
    #expect(
      message(Self.quick(.repaired), nil, problem.clean)
        == "bad-expert compares the model with a repaired copy; give one")
    let other = try ToyProblem(classCount: 6)
    #expect(
      message(Self.quick(.repaired), other.plain.model, problem.clean)
        == "bad-expert compares models with equal inputs and classes, but the suspect takes "
        + "[8, 8, 1] to 4 classes and the repaired copy [8, 8, 1] to 6; give a repaired copy of this "
        + "suspect")
    let few = try CleanData(
      Subset(of: problem.clean.source, Array(0..<20)), labels: Array(problem.clean.labels[..<20]),
      name: "clean.h5")
    #expect(
      message(Self.quick(), nil, few)
        == "bad-expert needs a batch of 32 images, but clean.h5 has 16 to train on (4 more are held "
        + "out); give more images or lower bad-expert.batch")
    let one = try CleanData(
      Subset(of: problem.clean.source, [0]), labels: [problem.clean.labels[0]], name: "clean.h5")
    #expect(
      message(Self.quick(.repaired), problem.plain.repaired, one)
        == "bad-expert needs clean images to train the expert on, and all of clean.h5 are held out; "
        + "give more images")
  }
}
