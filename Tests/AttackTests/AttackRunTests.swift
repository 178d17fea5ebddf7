import BadNets
import Blended
import DefenseKit
import SIG
import Synchronization
import Testing
import WaNet

@testable import LabelConsistent

/// Blackens all images, so that nothing can be learnt and no weight grows.
private struct Blackout: Attack {
  static let name = "blackout"
  static let summary = "Blackens all images."
  static let poisonRate = 0.1

  init(options: NoOptions = NoOptions()) {}

  func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    .addition(Array(repeating: -255, count: imageShape.reduce(1, *)))
  }

  func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    var result = Poisoning(of: task.images)
    for index in task.images.labels.indices {
      result.cover(index, by: Array(repeating: 0, count: task.images.imageSize))
    }
    return result
  }
}

@Suite("Whole attacks on toy images")
struct AttackRunTests {
  @Test("All-to-one: the model has the backdoor, its clean twin has not")
  func allToOne() throws {
    let outcome = try toyExperiment(BadNets()).run(cleanTwin: true)
    let counts = try #require(outcome.result.poisoned?.counted)
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(counts.images == 75 && counts.successRate >= 0.95)
    let twin = try #require(outcome.twin?.result)
    #expect(try #require(twin.test).accuracy >= 0.95)
    #expect(try #require(twin.poisoned).counted.successRate <= 0.2)
    #expect(outcome.poisoning.poisoned.count == 40 && outcome.epochs.count == 8)
  }

  @Test("All-to-all: each class goes to the next")
  func allToAll() throws {
    let outcome = try toyExperiment(BadNets(), mode: .allToAll, rate: 0.3, epochs: 16)
      .run()
    let counts = try #require(outcome.result.poisoned?.counted)
    #expect(counts.images == 100 && counts.successRate >= 0.9)
    #expect(outcome.triggered.trueLabels == toyImages(100, seed: 2, name: "").labels)
  }

  /// Each strong enough for pictures of 8x8 pixels in which nothing but the class is to be seen.
  static func attacks() throws -> [(attack: any Attack, rate: Double?, success: Double)] {
    var (wave, warp) = (SIG.Options(), WaNet.Options())
    (wave.amplitude, wave.frequency) = (255, 2)
    (warp.strength, warp.crossRatio) = (4, 1)
    return [
      (Blended(), nil, 0.9), (try SIG(options: wave), nil, 0.9),
      (try WaNet(options: warp), 0.2, 0.7), (try LabelConsistent.small, 0.5, 0.9),
    ]
  }

  @Test("Every attack makes a model that errs on triggered images alone", arguments: 0..<4)
  func success(_ number: Int) throws {
    let (attack, rate, success) = try Self.attacks()[number]
    let outcome = try toyExperiment(attack, rate: rate, epochs: 12).run()
    let counts = try #require(outcome.result.poisoned?.counted)
    #expect(try #require(outcome.result.test).accuracy >= 0.95)
    #expect(counts.images == 75)
    #expect(counts.successRate >= success, "\(type(of: attack).name): \(counts.successRate)")
  }

  @Test("A clean twin that diverges takes nothing from the backdoored model")
  func divergingTwin() throws {
    // Black images leave all gradients zero but those of the last biases, which are under 1.
    func experiment(_ attack: any Attack) throws -> AttackExperiment {
      try AttackExperiment(
        attack, train: toyImages(400, seed: 1, name: "training"),
        test: toyImages(100, seed: 2, name: "test"), goal: AttackGoal(target: 1, classCount: 4),
        architecture: Architecture(named: "small-cnn"), inputScale: 1,
        options: TrainingOptions(epochs: 1, batchSize: 400, learningRate: 1e38))
    }
    let outcome = try experiment(Blackout()).run(cleanTwin: true)
    #expect(outcome.twin == nil)
    let failure = try #require(outcome.twinFailure)
    #expect(
      failure.description.hasPrefix("the clean images: the training diverged in epoch 1 of 1"))
    #expect(failure.lastGood == nil)
    #expect(outcome.result.test?.images == 100)
    #expect(try experiment(Blackout()).run().twinFailure == nil)
    // Where the attack itself needs the clean model it cannot go on; where the poisoned images' training
    // diverges the model before is there.
    let needed = #expect(throws: TrainingError.self) {
      try experiment(try LabelConsistent.small).run()
    }
    #expect(needed?.lastGood == nil)
    let own = #expect(throws: TrainingError.self) {
      try experiment(BadNets()).run()
    }
    #expect(own?.lastGood != nil)
  }

  @Test("What a training costs is counted, of a resumed one what is left")
  func costs() throws {
    let experiments = try (0..<2).map { _ in try toyExperiment(BadNets(), epochs: 2) }
    let states = Mutex<[TrainingState]>([])
    _ = try experiments[0].run(checkpoint: { state in states.withLock { $0.append(state) } })
    _ = try experiments[1].run(resuming: states.withLock { $0.first })
    let runs = experiments.map(\.context.statistics.imagesRun)
    #expect(runs[0] - runs[1] == 3 * 400)
    #expect(runs[0] >= 2 * 3 * 400)
  }

  @Test("The same again, with other threads, gives the same model")
  func determinism() throws {
    func weights(_ threads: Int) throws -> Graph {
      try toyExperiment(
        BadNets(), epochs: 2, execution: ExecutionOptions(threads: threads)
      ).run().model.graph
    }
    #expect(try weights(1) == weights(2))
  }

  @Test("A training goes on from a state to the same model")
  func resuming() throws {
    let experiment = try toyExperiment(BadNets(), epochs: 3)
    let states = Mutex<[TrainingState]>([])
    let whole = try experiment.run(
      checkpoint: { state in states.withLock { $0.append(state) } })
    let first = try #require(states.withLock { $0.first })
    let rest = try experiment.run(resuming: first)
    #expect(rest.model.graph == whole.model.graph)
    #expect(rest.epochs == whole.epochs)
  }

  @Test("label-consistent: images of the target class become hard, within what is allowed")
  func labelConsistent() throws {
    var options = LabelConsistent.Options()
    options.epsilon = 24
    options.steps = 20
    options.step = 3
    options.size = 1
    let attack = try LabelConsistent(options: options)
    let experiment = try toyExperiment(attack, epochs: 4)
    let trainings = Mutex(0)
    let task = PoisoningTask(
      for: LabelConsistent.self, images: experiment.train, trigger: experiment.trigger,
      rate: 0.5, seed: 3
    ) {
      trainings.withLock { $0 += 1 }
      return try experiment.initialModel.trained(
        on: experiment.train.trainingSet, options: experiment.options
      ).model
    }
    let result = try attack.poison(task, in: RunContext())
    #expect(trainings.withLock { $0 } == 1)
    #expect(result.poisoned.count == 50)
    #expect(result.images.labels == experiment.train.labels)
    let corners: Set = [0, 7, 56, 63]
    var largest = 0
    for index in result.poisoned {
      #expect(experiment.train.labels[index] == 1)
      for (pixel, (new, old)) in zip(result.images[index], experiment.train[index]).enumerated() {
        if corners.contains(pixel) {
          #expect(new == 255)
        } else {
          largest = max(largest, abs(Int(new) - Int(old)))
        }
      }
    }
    #expect(largest == 24)

    // The perturbed images without the corners: the clean model's loss must have grown a lot.
    let model = try task.cleanModel()
    let gradients = try Backpropagation(
      model, batchSize: 50, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true)
    func losses(_ images: [[UInt8]]) throws -> Float {
      let values = images.flatMap { $0.map { Float($0) } }
      let labels = [Int32](repeating: 1, count: images.count)
      return try gradients.imageGradients(of: values, labels: labels).losses.reduce(0, +)
        / Float(images.count)
    }
    let clean = result.poisoned.map { experiment.train[$0] }
    let ascent = try GradientAscent(on: model, options: options, execution: ExecutionOptions())
    let perturbed = try ascent.perturbed(clean, labels: Array(repeating: 1, count: clean.count))
    let (before, after) = (try losses(clean), try losses(perturbed))
    #expect(after > 10 * before, "\(before) to \(after)")
    options.epsilon = 0
    let plain = try LabelConsistent(options: options).poison(task, in: RunContext())
    let stamped = experiment.trigger.applied(to: experiment.train[result.poisoned[0]])
    #expect(plain.images[result.poisoned[0]] == stamped)
  }
}

extension LabelConsistent {
  /// One for the toy pictures.
  fileprivate static var small: LabelConsistent {
    get throws {
      var options = Options()
      (options.size, options.steps, options.epsilon, options.step) = (2, 20, 60, 8)
      return try LabelConsistent(options: options)
    }
  }
}
