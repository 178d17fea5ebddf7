import DefenseKit
import DefenseKitTesting
import Testing

@testable import ScaleUp

@Suite("SCALE-UP")
struct ScaleUpTests {
  static let checks = PluginChecks(
    ScaleUp.self,
    refusing: [
      "factors": ["1", "3,1001", "nan", ""], "alarms": ["-0.1", "1", "few"],
      "threshold": ["normal"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  // MARK: By hand

  /// A network whose two logits are its inputs times a matrix, by default their own.
  private func linear(_ kernel: [Float] = [1, 0, 0, 1], scale: Float = 1) throws -> Model {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [2, 2], values: kernel))), inputs: [0],
      activation: .softmax)
    return Model(graph: graph, preprocessing: Preprocessing(scale: scale))
  }

  private func clean(_ values: [Float]) throws -> CleanData {
    try CleanData(
      ArraySource(values, imageShape: [2]), labels: Array(repeating: 0, count: values.count / 2),
      name: "clean.h5")
  }

  /// With factors 3, 5, 7, 9, 11, clipped to 1:
  /// (.1, .3) is 1 until both are 1 at 11, a tie for class 0: 4 of 5. (.05, .02) stays 0: 5 of 5.
  /// (.3, .4) is (.9, 1) at 3, then a tie: 1 of 5. (.5, .6) ties at once: 0. (.6, .5) ties for its
  /// own class: 5 of 5.
  private let values: [Float] = [0.1, 0.3, 0.05, 0.02, 0.3, 0.4, 0.5, 0.6, 0.6, 0.5]
  private let consistencies: [Float] = [0.8, 1, 0.2, 0, 1]

  private func scores(_ model: Model, _ data: CleanData, _ range: ClosedRange<Float>) throws
    -> [Float]
  {
    try ScaledConsistency(
      model, factors: ScaleUp.Options().factors, range: range, in: RunContext()
    ).detections(for: data, at: Array(0..<data.count), in: RunContext()).map(\.score)
  }

  @Test("Consistencies worked out by hand; pixels are multiplied before the input scale")
  func byHand() throws {
    #expect(try scores(linear(), clean(values), 0...1) == consistencies)
    let bytes = values.map { (255 * $0).rounded() }
    #expect(try scores(linear(scale: 1 / 255), clean(bytes), 0...255) == consistencies)
    // Without saturation no class ever changes.
    #expect(try scores(linear(), clean(values), 0...255) == [1, 1, 1, 1, 1])
  }

  @Test("The range is that of the clean images")
  func range() throws {
    let detector = try ScaleUp(options: .init(alarms: 0.4))
    func scores(_ factor: Float) throws -> [Float] {
      let data = try clean(values.map { factor * $0 })
      return try detector.detections(
        on: data.source, suspect: linear(), repaired: nil, using: data, in: RunContext()
      ).map(\.score)
    }
    #expect(try scores(1) == consistencies)
    // Up to 60, so the range is 0...255, which both of (30, 40) reach at 9 and of (50, 60) at 7.
    #expect(try scores(100) == [1, 1, 0.6, 0.4, 1])
  }

  @Test("Thresholds worked out by hand")
  func thresholds() throws {
    let data = try clean(values)
    func detections(_ options: ScaleUp.Options, _ context: RunContext = RunContext()) throws
      -> ([Prediction], DetectionThreshold?)
    {
      let detector = try ScaleUp(options: options)
      return (
        try detector.predictions(
          for: data.source, suspect: linear(), repaired: nil, using: data, in: context),
        try detector.fitted(to: linear(), repaired: nil, using: data, in: context)
          .detectionThreshold
      )
    }
    // 2 of 5 may be above the third largest, 0.8.
    let (some, quantile) = try detections(.init(alarms: 0.4))
    #expect(some == [.class(1), .flagged, .class(1), .class(1), .flagged])
    #expect(quantile == DetectionThreshold(value: 0.8, images: 5, flagged: 2))
    let (half, published) = try detections(.init(threshold: .published))
    #expect(half == [.flagged, .flagged, .class(1), .class(1), .flagged])
    #expect(published == DetectionThreshold(value: Float(0.5).nextDown, images: 5, flagged: 3))
    let context = RunContext()
    let (none, _) = try detections(.init(alarms: 0.2), context)
    #expect(none == [.class(1), .class(0), .class(1), .class(1), .class(0)])
    #expect(
      context.statistics.warnings == [
        "scale-up: a share of over scale-up.alarms=0.2 of the clean images keeps its class in every "
          + "copy, so only images without a class will be flagged; raise scale-up.alarms or set "
          + "scale-up.threshold=published"
      ])
    let few = RunContext()
    _ = try detections(.init(alarms: 0.1), few)
    #expect(
      few.statistics.warnings.first
        == "scale-up: a share of 0.1 of 5 images is less than one image, so the threshold is their "
        + "largest score; more of other clean images may be flagged")
  }

  @Test("An image is flagged with NaN if it or a copy has no class")
  func undefined() throws {
    // Two pixels of 1 overflow.
    let model = try linear([3e38, 0, 3e38, 0])
    let data = try clean([0.01, 0, 0.02, 0, 0, 0.01])
    let context = RunContext()
    let detections = try ScaleUp().detections(
      on: ArraySource([0.3, 0.3, 0.01, 0], imageShape: [2]), suspect: model, repaired: nil,
      using: data, in: context)
    #expect(detections[0].prediction == .flagged && detections[0].score.isNaN)
    #expect(detections[1] == Detection(.class(0), score: 1))
    let error = #expect(throws: PluginError.self) {
      try ScaleUp().fitted(
        to: model, repaired: nil, using: clean([0.3, 0.3]), in: RunContext())
    }
    #expect(
      error?.description
        == "scale-up cannot score any image of clean.h5: values of the network are NaN or infinite; "
        + "check preprocessing.scale")
  }

  // MARK: On trained networks

  @Test("Equal to predictions for data sets of brighter images, and what they cost")
  func slow() throws {
    let problem = try ToyProblem.standard()
    let model = problem.plain.model
    let images = problem.triggeredImages
    func predictions(_ factor: Int) throws -> [Prediction] {
      let bright = LabelledImages(
        imageShape: images.imageShape,
        bytes: images.bytes.map { UInt8(min(255, factor * Int($0))) }, labels: images.labels,
        name: "bright")
      return try Executor([model]).predictions(for: bright.dataSet())[0]
    }
    let plain = try predictions(1)
    let copies = try [3, 5, 7, 9, 11].map(predictions)
    let expected = plain.indices.map { image in
      Float(copies.count { $0[image] == plain[image] }) / 5
    }
    let context = RunContext()
    let scores = try ScaleUp().detections(
      on: images.dataSet(), suspect: model, repaired: nil, using: problem.clean, in: context
    ).map(\.score)
    #expect(scores == expected && Set(scores).count > 1)
    let count = Double(images.count + problem.clean.count)
    #expect(context.statistics.imagesRun == 6 * count)
  }

  @Test("It tells images with a dark patch, which brightening does not change, from clean ones")
  func trial() throws {
    let problem = try ToyProblem.standard()
    let shape = problem.training.imageShape
    let patch: [Float] = (0..<64).map {
      $0 / 8 >= 4 && $0 / 8 < 7 && $0 % 8 >= 2 && $0 % 8 < 6 ? 1 : 0
    }
    let trigger = try Trigger(
      .overlay(pattern: Array(repeating: 0, count: 64), alpha: patch), imageShape: shape,
      goal: AttackGoal(target: 0, classCount: 4), attack: "dark-patch", seed: 0)
    var poisoning = Poisoning(of: problem.training)
    for index in stride(from: 0, to: problem.training.count, by: 3) {
      poisoning.poison(index, with: trigger, label: 0)
    }
    let model = try problem.cleanModel.trained(
      on: poisoning.images.trainingSet,
      options: TrainingOptions(epochs: 30, batchSize: 20, optimizer: .adam(), learningRate: 0.003)
    ).model
    let (triggered, trueLabels) = try trigger.testSet(from: problem.testImages)
    let evaluation = try Experiment(
      suspect: model, clean: problem.clean, test: problem.test,
      poisoned: PoisonedData(triggered.dataSet(trueLabels: trueLabels))
    ).run([], [ScaleUp(options: .init(threshold: .published))], in: RunContext())
    #expect((evaluation.suspect.poisoned?.counted.successRate ?? 0) > 0.9)
    let result = try #require(evaluation.suspectDetectors.first)
    let auroc = try #require(result.auroc)
    print(
      "scale-up: AUROC \(auroc), flagged \(result.result.test?.flaggedShare ?? -1) of clean, "
        + "\(result.result.poisoned?.counted.flaggedShare ?? -1) of triggered images")
    #expect(auroc > 0.8)
  }

  @Test("Without clean images it says so")
  func missing() throws {
    let error = #expect(throws: PluginError.self) {
      try ScaleUp().predictions(
        for: ArraySource([0, 1], imageShape: [2]), suspect: linear(), repaired: nil, using: nil,
        in: RunContext())
    }
    #expect(error?.description == "scale-up learns from clean images; give some")
  }
}
