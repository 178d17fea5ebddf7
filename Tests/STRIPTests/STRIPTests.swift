import DefenseKit
import Testing

@testable import STRIP

@Suite("STRIP")
struct STRIPTests {
  // MARK: The threshold

  @Test("normal: mean + z * deviation, worked out by hand")
  func normal() {
    // 1, 2, 3, 4 have the mean 2.5 and the variance 1.25; the chance to be under -1 is 0.158655.
    #expect(STRIP.threshold([4, 1, 3, 2], alarms: 0.5, by: .normal) == 2.5)
    let lower = STRIP.threshold([1, 2, 3, 4], alarms: 0.158_655_253_931_457_05, by: .normal)
    #expect(abs(lower - (2.5 - 1.25.squareRoot())) < 1e-12)
    #expect(STRIP.threshold([3], alarms: 0.01, by: .normal) == 3)
    for (chance, z) in [
      (0.5, 0), (0.01, -2.326_347_874_040_841), (0.05, -1.644_853_626_951_472_7),
      (0.975, 1.959_963_984_540_054), (1e-9, -5.997_807_015_007_687),
    ] {
      #expect(abs(STRIP.normalQuantile(chance) - z) < 1e-9)
    }
  }

  @Test("quantile: the floor(alarms * (n + 1))-th smallest, worked out by hand")
  func quantile() {
    let entropies = (1...199).reversed().map { Double($0) }
    // 0.01 * 200 = 2: the second smallest; 1 of 199 clean images lies under it.
    #expect(STRIP.threshold(entropies, alarms: 0.01, by: .quantile) == 2)
    #expect(STRIP.threshold(entropies, alarms: 0.29, by: .quantile) == 58)
    #expect(STRIP.threshold(entropies, alarms: 0.999, by: .quantile) == 199)
    // 98 are too few for one in a hundred, 99 are enough.
    #expect(STRIP.threshold(Array(entropies[..<98]), alarms: 0.01, by: .quantile) == -.infinity)
    #expect(STRIP.threshold(Array(entropies[100...]), alarms: 0.01, by: .quantile) == 1)
    #expect(STRIP.leastCount(alarms: 0.01) == 99 && STRIP.leastCount(alarms: 0.07) == 14)
    #expect(STRIP.leastCount(alarms: 0.5) == 1)
  }

  @Test("Flagged under the threshold, not at it; without a class the score is not a number")
  func detection() {
    func detection(_ prediction: Prediction, _ entropy: Double) -> Detection {
      STRIP.detection(prediction: prediction, entropy: entropy, threshold: 0.5)
    }
    #expect(detection(.class(4), 0.75) == Detection(.class(4), score: -0.75))
    #expect(detection(.class(4), 0.5) == Detection(.class(4), score: -0.5))
    #expect(detection(.class(4), 0.25) == Detection(.flagged, score: -0.25))
    for broken in [detection(.undefined, 0.75), detection(.class(4), .nan)] {
      #expect(broken.prediction == .flagged && broken.score.isNaN)
    }
  }

  // MARK: The split

  @Test("Half of the clean images are measured, the others become overlays; no image is both")
  func split() throws {
    let model = try Toy.network()
    for count in [2, 3, 10, 101] {
      let clean = try Toy.clean(Toy.images(count, seed: 1))
      let (measured, overlays) = try STRIP().split(clean, of: model, seed: 4)
      #expect(measured.count == count / 2 && overlays.count == count - count / 2)
      #expect(Set(measured + overlays).count == count)
    }
    let some = try Toy.clean(Toy.images(10, seed: 1))
    let splits = try (0..<5).map { try STRIP().split(some, of: model, seed: $0).measured }
    #expect(Set(splits).count > 1)
  }

  @Test("At most 2,000 of each, and overlays of at most 256 MiB")
  func limits() throws {
    let model = try Toy.network()
    let clean = try Toy.clean(Toy.images(5000, seed: 1))
    let (measured, overlays) = try STRIP().split(clean, of: model, seed: 0)
    #expect(measured.count == 2000 && overlays.count == 2000)
    // Images of 2^24 floats: four are 256 MiB. The images themselves need not be there.
    let large = Model(graph: try Graph(inputShape: [1 << 12, 1 << 10, 4]))
    #expect(try STRIP().split(clean, of: large, seed: 0).overlays.count == 4)
  }

  // MARK: The whole

  private let options = STRIP.Options(overlays: 20, alarms: 0.2)

  private func evaluate(
    test: [[Float]], clean: [[Float]], poisoned: [[Float]]? = nil, threads: Int = 2,
    seed: UInt64 = 0
  ) throws -> Evaluation.DetectorResult {
    let experiment = try Experiment(
      suspect: Toy.network(), clean: Toy.clean(clean, labels: clean.map { _ in 1 }),
      test: Toy.clean(test, labels: test.map { _ in 1 }),
      poisoned: poisoned.map {
        try PoisonedData(Toy.source($0), targets: $0.map { _ in 0 })
      })
    let evaluation = try experiment.run(
      [], [STRIP(options: options)],
      in: RunContext(execution: ExecutionOptions(threads: threads), seed: seed))
    #expect(evaluation.repairs.isEmpty)
    return try #require(evaluation.suspectDetectors.first)
  }

  /// A fixed order without structure.
  private func order(_ count: Int) -> [Int] { (0..<count).map { (count - 1 - $0) * 37 % count } }

  @Test(
    "It looks at the suspect alone; shuffled images get the same verdicts, threads do not matter")
  func invariance() throws {
    #expect(STRIP.requirements == [.cleanData])
    let (test, clean) = (Toy.images(150, seed: 8), Toy.images(130, seed: 9))
    let poisoned = Toy.images(70, seed: 10)
    let plain = try evaluate(test: test, clean: clean, poisoned: poisoned, threads: 1)
    #expect(plain.detector == "strip" && plain.scores.test.count == 150)
    let flagged = try #require(plain.result.test?.flagged)
    #expect(flagged > 5 && flagged < 100)
    for threads in [2, 3] {
      #expect(
        try evaluate(test: test, clean: clean, poisoned: poisoned, threads: threads) == plain)
    }
    let shuffledClean = order(130).map { clean[$0] }
    #expect(try evaluate(test: test, clean: shuffledClean, poisoned: poisoned) == plain)
    let shuffled = try evaluate(
      test: order(150).map { test[$0] }, clean: clean, poisoned: poisoned)
    #expect(shuffled.scores.test == order(150).map { plain.scores.test[$0] })
    #expect(shuffled.result == plain.result)
    #expect(
      try evaluate(test: test, clean: clean, poisoned: poisoned, seed: 1).scores != plain.scores)
  }

  @Test(
    "Predictions: the suspect's class, or flagged; equal images get equal ones; no repaired model is needed"
  )
  func predictions() throws {
    let suspect = try Toy.network()
    let clean = try Toy.clean(Toy.images(130, seed: 9))
    let images = Toy.images(60, seed: 8)
    let detector = try STRIP(options: options)
    func predictions(_ images: [[Float]]) throws -> [Prediction] {
      try detector.predictions(
        for: Toy.source(images), suspect: suspect, repaired: nil, using: clean, in: RunContext())
    }
    let twice = try predictions(images + images)
    #expect(Array(twice[..<60]) == Array(twice[60...]))
    #expect(try predictions([images[7]]) == [twice[7]])
    let alone = try Executor([suspect]).predictions(for: Toy.source(images))[0]
    #expect(zip(twice, alone).allSatisfy { $0 == $1 || $0 == .flagged })
    #expect(twice.contains(.flagged) && Set(twice).count > 2)
  }

  @Test(
    "The share of alarms among clean images is kept, by either rule", arguments: STRIP.Rule.allCases
  )
  func alarms(_ rule: STRIP.Rule) throws {
    let clean = try Toy.clean(Toy.images(2000, seed: 9))
    let detector = try STRIP(options: .init(overlays: 10, alarms: 0.1, threshold: rule))
    let predictions = try detector.predictions(
      for: Toy.source(Toy.images(2000, seed: 30)), suspect: Toy.network(), repaired: nil,
      using: clean, in: RunContext())
    #expect((0.05...0.15).contains(Double(predictions.count { $0 == .flagged }) / 2000))
  }

  @Test("Phases, and the passes they cost")
  func phases() throws {
    let context = RunContext()
    let experiment = try Experiment(
      suspect: Toy.network(), clean: Toy.clean(Toy.images(31, seed: 9)),
      test: Toy.clean(Toy.images(10, seed: 1)))
    _ = try experiment.run([], [STRIP(options: options)], in: context)
    let phases = context.statistics.phases
    #expect(phases.map(\.title) == ["overlays", "entropy of clean images", "test images"])
    #expect(phases.map(\.images) == [16, 15, 10])
    #expect(context.statistics.imagesRun == Double(16 + 15 * 21 + 10 * 21))
  }

  @Test(
    "It stops when the run is cancelled, before and while it works",
    arguments: ["", "overlays", "entropy of clean images", "detecting"])
  func cancellation(_ phase: String) throws {
    let cancellation = Cancellation()
    if phase.isEmpty { cancellation.cancel() }
    let context = RunContext(
      execution: ExecutionOptions(threads: 2, cancellation: cancellation),
      progress: CancellingProgress(phase, cancellation))
    #expect(throws: CancellationError.self) {
      try STRIP(options: options).predictions(
        for: Toy.source(Toy.images(500, seed: 8)), suspect: Toy.network(), repaired: nil,
        using: Toy.clean(Toy.images(600, seed: 9)), in: context)
    }
  }

  // MARK: What cannot be done

  @Test("An image without a class is flagged, with a score that is not a number")
  func nonfinite() throws {
    let fragile = try Toy.identity(2, factor: 1e30)
    let clean = try CleanData(
      ArraySource((0..<300).map { Float($0) * 1e-32 }, imageShape: [2]),
      labels: (0..<150).map { Int32($0 % 2) })
    let test = try CleanData(
      ArraySource([1e10, 0, 0, 1e-30, 0, 0], imageShape: [2]), labels: [0, 1, 0])
    let result = try Experiment(suspect: fragile, clean: clean, test: test).run(
      [], [STRIP(options: .init(overlays: 9, alarms: 0.02))], in: RunContext()
    ).suspectDetectors[0]
    #expect(result.scores.test[0].isNaN && result.scores.unscored == 1)
    #expect(result.scores.test[1].isFinite && result.scores.test[2].isFinite)
    #expect(try #require(result.result.test).flagged >= 1)
  }

  @Test(
    "Clean images without a class are left out of the threshold; without any other it is an error")
  func unclassifiedClean() throws {
    let fragile = try Toy.identity(2, factor: 1e30)
    func predictions(
      _ values: [Float], overlays: Int = 30, _ context: RunContext
    ) throws -> [Prediction] {
      try STRIP(options: .init(overlays: overlays, alarms: 0.3)).predictions(
        for: ArraySource((0..<40).flatMap { [Float($0) * 1e-32, 0] }, imageShape: [2]),
        suspect: fragile, repaired: nil,
        using: CleanData(
          ArraySource(values, imageShape: [2]),
          labels: Array(repeating: 0, count: values.count / 2), name: "clean.h5"),
        in: context)
    }
    // Every fourth image overflows, also as an overlay: with one overlay each, most entropies are known.
    let context = RunContext()
    let mixed = (0..<80).flatMap { [$0 % 4 == 0 ? 1e10 : Float($0) * 1e-32, Float(0)] }
    #expect(try predictions(mixed, overlays: 1, context).contains { $0 != .flagged })
    #expect(context.statistics.warnings.count == 1)
    let warning = context.statistics.warnings.first ?? ""
    #expect(
      warning.wholeMatch(
        of:
          /strip: no class for \d+ of 40 blended clean images: the model computed NaN or infinite values; the threshold ignores them/
      ) != nil, "\(warning)")
    let error = #expect(throws: PluginError.self) {
      try predictions(Array(repeating: 1e10, count: 40), RunContext())
    }
    #expect(error?.code == .unsuitableModel)
    #expect(
      error?.description
        == "strip cannot measure any image of clean.h5 blended with another: values of the network "
        + "are NaN or infinite; check preprocessing.scale")
  }

  @Test("One clean image, or too few for the quantile, is said in a line")
  func tooFew() throws {
    func predictions(_ count: Int, _ context: RunContext) throws -> [Prediction] {
      try STRIP(options: .init(overlays: 5)).predictions(
        for: Toy.source(Toy.images(20, seed: 8)), suspect: Toy.network(), repaired: nil,
        using: Toy.clean(Toy.images(count, seed: 9)), in: context)
    }
    let error = #expect(throws: DataError.self) { try predictions(1, RunContext()) }
    #expect(
      error?.description
        == "clean.h5: holds 1 image, but strip needs 2, one to blend with the other; give more")
    let context = RunContext()
    #expect(try predictions(40, context).allSatisfy { $0 != .flagged })
    #expect(
      context.statistics.warnings == [
        "strip: with 20 clean images, strip.alarms=0.01 allows no alarm, so no image will be "
          + "flagged; give at least 198 clean images, or raise strip.alarms or set "
          + "strip.threshold=normal"
      ])
    // More than are ever measured would not help.
    let rare = RunContext()
    _ = try STRIP(options: .init(overlays: 5, alarms: 1e-6)).predictions(
      for: Toy.source(Toy.images(2, seed: 8)), suspect: Toy.network(), repaired: nil,
      using: Toy.clean(Toy.images(40, seed: 9)), in: rare)
    #expect(
      rare.statistics.warnings == [
        "strip: with 20 clean images, strip.alarms=1e-06 allows no alarm, so no image will be "
          + "flagged; raise strip.alarms or set strip.threshold=normal"
      ])
    let missing = #expect(throws: PluginError.self) {
      try STRIP().predictions(
        for: Toy.source(Toy.images(2, seed: 8)), suspect: Toy.network(), repaired: nil, using: nil,
        in: RunContext())
    }
    #expect(missing?.description == "strip learns from clean images; give some")
  }

  @Test("A clean image with NaN is named by its place in the file", arguments: [3, 17, 44])
  func brokenClean(_ position: Int) throws {
    var images = Toy.images(50, seed: 9)
    images[position][5] = .nan
    let error = #expect(throws: DataError.self) {
      try STRIP(options: options).predictions(
        for: Toy.source(Toy.images(2, seed: 8)), suspect: Toy.network(), repaired: nil,
        using: Toy.clean(images), in: RunContext())
    }
    #expect(error?.description.hasPrefix("clean.h5: image \(position): ") == true)
  }

  @Test("Options have ranges, and are read and written")
  func ranges() throws {
    func message(_ change: (inout STRIP.Options) -> Void) throws -> String? {
      var options = STRIP.Options()
      change(&options)
      do {
        _ = try STRIP(options: options)
        return nil
      } catch {
        return error.description
      }
    }
    for overlays in [0, -1, 10_001] {
      #expect(
        try message { $0.overlays = overlays } == "strip.overlays takes an integer from 1 to 10,000"
      )
    }
    for factor in [0, -1, 101, Double.nan] {
      #expect(
        try message { $0.alpha = factor }
          == "strip.alpha takes a number over 0 and up to 100, such as 1")
      #expect(
        try message { $0.beta = factor }
          == "strip.beta takes a number over 0 and up to 100, such as 1")
    }
    for alarms in [0, 1, -0.1, Double.nan] {
      #expect(
        try message { $0.alarms = alarms }
          == "strip.alarms takes a number from 1e-6 to under 1, such as 0.01")
    }
    #expect(STRIP.Options().texts.map(\.value) == ["100", "1", "1", "0.01", "quantile"])
    let settings = try ["strip.threshold=normal", "strip.overlays=7"].map { try OptionSetting($0) }
    let options = try STRIP.Options(settings, for: "strip")
    #expect(options.threshold == .normal && options.overlays == 7)
  }
}
