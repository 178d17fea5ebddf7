import DefenseKit
import Foundation
import ReferenceInference
import Testing

@testable import GoodNet

/// A network of one dense layer without bias; its logits are the image times `matrix`.
private func network(_ matrix: [Float], classes: Int, softmax: Bool = true) throws -> Model {
  var graph = try Graph(inputShape: [classes])
  try graph.append(
    "scores", .dense(Dense(kernel: Tensor(shape: [classes, classes], values: matrix))),
    inputs: [0], activation: softmax ? .softmax : .linear)
  return Model(graph: graph)
}

private func clean(_ images: [Float], classes: Int) throws -> CleanData {
  try CleanData(
    ArraySource(images, imageShape: [classes]),
    labels: Array(repeating: 0, count: images.count / classes), name: "clean.h5")
}

private func goodNet(_ alarms: Double) throws -> GoodNet {
  try GoodNet(options: .init(alarms: alarms))
}

private let identity: [Float] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
/// Swaps classes 0 and 2.
private let swapped: [Float] = [0, 0, 1, 0, 1, 0, 1, 0, 0]

@Suite("GoodNet by a share of false alarms")
struct AlarmTests {
  /// Logits with this likelihood of their largest class, the first.
  private static func row(_ p: Double) -> [Float] { [Float(log(2 * p / (1 - p))), 0, 0] }

  @Test(
    "By hand: likelihoods 1/2, 3/4, 1/2 and 9/10 held out, with a softmax and without",
    arguments: [
      (0.24, log(2), [true, false, false]),  // none may be above
      (0.25, log(2), [true, false, false]),  // one may, but two are equal
      (0.5, log(4.0 / 3), [true, true, false]), (0.75, log(10.0 / 9), [true, true, true]),
    ] as [(Double, Double, [Bool])])
  func byHand(alarms: Double, threshold: Double, flagged: [Bool]) throws {
    let rows = [0.4, 0.5, 0.75, 0.5, 0.36, 0.9].map(Self.row)
    let clean = try clean(rows.flatMap { $0 }, classes: 3)
    for softmax in [true, false] {
      var repair = Repair(try network(identity, classes: 3, softmax: softmax))
      repair.heldOut = [1, 2, 3, 5]
      let context = RunContext()
      let suspect = try network(identity.map { 10 * $0 }, classes: 3)
      let fitted = try goodNet(alarms).fitted(
        to: suspect, repaired: repair, using: clean, in: context)
      let found = try #require(fitted.detectionThreshold)
      #expect(abs(Double(found.value) - threshold) < 1e-6)
      #expect(found.images == 4)
      // The images 0, 1 and 2 of the set: 0 is not held out.
      let detections = try goodNet(alarms).detections(
        on: Subset(of: clean.source, [0, 1, 2]), suspect: suspect, repaired: repair, using: clean,
        in: context)
      for (image, p) in [0.4, 0.5, 0.75].enumerated() {
        #expect(abs(Double(detections[image].score) + log(p)) < 1e-6)
      }
      #expect(detections.map { $0.prediction == .flagged } == flagged)
      #expect(detections.allSatisfy { [.flagged, .class(0)].contains($0.prediction) })
    }
  }

  @Test("What the networks disagree on can pass, what they agree on can be flagged")
  func beside() throws {
    // The suspect says 2 for the first image, the copy 0 with p = 1/3 and a little more. Both say 1
    // for the second.
    let images: [Float] = [0.1, 0, 0, 0, 0.1, 0]
    let (suspect, copy) = (try network(swapped, classes: 3), try network(identity, classes: 3))
    func answers(_ detector: GoodNet, _ heldOut: [Float]) throws -> [Prediction] {
      var repair = Repair(copy)
      repair.heldOut = [0]
      return try detector.predictions(
        for: ArraySource(images, imageShape: [3]), suspect: suspect, repaired: repair,
        using: clean(heldOut, classes: 3), in: RunContext())
    }
    #expect(try answers(GoodNet(), [0.2, 0, 0]) == [.flagged, .class(1)])
    #expect(try answers(goodNet(0), [0.2, 0, 0]) == [.class(2), .class(1)])
    #expect(try answers(goodNet(0), [0, 5, 0]) == [.flagged, .flagged])
  }

  @Test("Without a class on either side the image is flagged, its score NaN")
  func undefined() throws {
    let fragile = try network(identity.map { 1e30 * $0 }, classes: 3)
    let sound = try network(identity, classes: 3)
    let clean = try clean([0, 1, 0, 0, 2, 0, 0, 3, 0], classes: 3)
    for (suspect, copy) in [(fragile, sound), (sound, fragile), (fragile, fragile)] {
      let detections = try goodNet(0).detections(
        on: ArraySource([1e10, 0, 0, 0, 2, 0], imageShape: [3]), suspect: suspect,
        repaired: Repair(copy), using: clean, in: RunContext())
      #expect(detections.map(\.prediction) == [.flagged, .class(1)])
      #expect(detections[0].score.isNaN && detections[1].score >= 0)
    }
  }

  @Test(
    "Random networks: at most the share of the held-out images, by any number of threads",
    arguments: 0..<40 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let (classes, count) = (random.int(2...9), random.int(1...150))
    let matrix = random.floats(classes * classes)
    let noise = random.floats(classes * classes)
    let changed = zip(matrix, noise).map { $0 + 0.5 * $1 }
    let images = random.floats(count * classes).map { 4 * $0 }
    let suspect = try network(matrix, classes: classes)
    var repair = Repair(try network(changed, classes: classes, softmax: random.int(0...1) == 0))
    repair.heldOut = (0..<count).filter { _ in random.int(0...2) > 0 }
    let clean = try clean(images, classes: classes)
    let measured = repair.heldOut.isEmpty ? Array(0..<count) : repair.heldOut
    let alarms = Double(random.int(0...99)) / 100
    let allowed = Int(alarms * 100 + 0.5) * measured.count / 100

    func run(_ threads: Int) throws -> ([Detection], DetectionThreshold?) {
      let context = RunContext(execution: ExecutionOptions(threads: threads))
      return (
        try goodNet(alarms).detections(
          on: clean.source, suspect: suspect, repaired: repair, using: clean, in: context),
        try goodNet(alarms).fitted(to: suspect, repaired: repair, using: clean, in: context)
          .detectionThreshold
      )
    }
    let (detections, threshold) = try run(1)
    for threads in [2, 3] {
      let other = try run(threads)
      #expect(other.0 == detections && other.1 == threshold, "seed \(seed), \(threads) threads")
    }
    let flagged = measured.filter { detections[$0].prediction == .flagged }
    #expect(flagged.count <= allowed, "seed \(seed)")
    #expect(
      threshold
        == DetectionThreshold(
          value: threshold?.value ?? .nan, images: measured.count, flagged: flagged.count),
      "seed \(seed)")

    // The definition in plain loops and double precision.
    func logits(_ matrix: [Float], _ image: Int) -> [Double] {
      (0..<classes).map { column in
        (0..<classes).reduce(0) {
          $0 + Double(images[image * classes + $1]) * Double(matrix[$1 * classes + column])
        }
      }
    }
    let scores = (0..<count).map { image in
      let (own, other) = (logits(matrix, image), logits(changed, image))
      let best = own.indices.max { own[$0] < own[$1] }!
      return -log(exp(other[best]) / other.reduce(0) { $0 + exp($1) })
    }
    for (image, score) in scores.enumerated() {
      #expect(
        abs(Double(detections[image].score) - score) < 1e-4 * max(1, score),
        "seed \(seed), image \(image)")
    }
    let expected = measured.map { scores[$0] }.sorted()[measured.count - 1 - allowed]
    #expect(abs(Double(threshold?.value ?? .nan) - expected) < 1e-4 * max(1, expected))
  }

  @Test("Without held-out images all are used, and a warning says so; so does one for few images")
  func warnings() throws {
    let model = try network(identity, classes: 3)
    let clean = try clean([0, 1, 0, 0, 2, 0, 0, 3, 0], classes: 3)
    func warnings(_ heldOut: [Int], _ alarms: Double) throws -> [String] {
      var repair = Repair(model: model, defense: "none", drop: 2, clean: nil)
      repair.heldOut = heldOut
      let context = RunContext()
      _ = try goodNet(alarms).fitted(to: model, repaired: repair, using: clean, in: context)
      return context.statistics.warnings
    }
    let all =
      "goodnet with none 2 %: the threshold is set on all 3 images of clean.h5, as none are known "
      + "to be held out of the repair; if it was trained on them, more than goodnet.alarms of "
      + "other clean images may be flagged"
    #expect(try warnings([], 0.5) == [all])
    #expect(try warnings([1, 2], 0.5) == [])
    #expect(try warnings([1, 2], 0) == [])
    #expect(
      try warnings([1, 2], 0.3) == [
        "goodnet with none 2 %: a share of 0.3 of 2 images is less than one image, so the threshold "
          + "is their largest score; more of other clean images may be flagged"
      ])
  }

  @Test("Clean images are needed with the option only; a share out of range is refused")
  func refusal() throws {
    #expect(GoodNet().needs == [.repairedModel])
    #expect(try goodNet(0.1).needs == [.repairedModel, .cleanData])
    let model = try network(identity, classes: 3)
    let error = #expect(throws: PluginError.self) {
      try goodNet(0.1).detections(
        on: ArraySource([0, 0, 0], imageShape: [3]), suspect: model, repaired: Repair(model),
        using: nil, in: RunContext())
    }
    #expect(error?.description.contains("learns from clean images") == true)
    let direct = #expect(throws: PluginError.self) {
      try goodNet(0.1).fitted(to: model, repaired: Repair(model), using: nil, in: RunContext())
    }
    #expect(direct == error)
    for alarms in [-0.01, 1, 1.5, .nan] {
      #expect(throws: PluginError.self) { try goodNet(alarms) }
    }
    #expect(throws: Never.self) { try goodNet(0) }
  }

  @Test("Only agreement is one ordinary model")
  func model() throws {
    let model = try network(identity, classes: 3)
    #expect(try GoodNet().model(suspect: model, repaired: model)?.classCount == 4)
    #expect(try goodNet(0.1).model(suspect: model, repaired: model) == nil)
  }

  @Test("An experiment hands the defense's held-out images over and reports the threshold")
  func experiment() throws {
    struct Copying: Defense {
      static let name = "copying"
      static let summary = "Copies."
      var heldOut = [2, 0]
      init(options: NoOptions) {}
      init(_ heldOut: [Int]) { self.heldOut = heldOut }
      func repair(
        _ model: Model, using clean: CleanData?, in context: RunContext
      ) -> [Repair] {
        [Repair(model: model, defense: Self.name, heldOut: heldOut, clean: nil)]
      }
    }
    let model = try network(identity, classes: 3)
    let clean = try clean([0, 1, 0, 0, 2, 0, 0, 3, 0], classes: 3)
    let experiment = try Experiment(suspect: model, clean: clean)
    let evaluation = try experiment.run([Copying([0, 2])], [goodNet(0)], in: RunContext())
    let threshold = try #require(evaluation.repairs[0].detectors[0].threshold)
    #expect(threshold.images == 2 && threshold.flagged == 0)
    #expect(abs(Double(threshold.value) - log(1 + 2 / exp(1.0))) < 1e-6)
    let hard = try experiment.run([Copying([0, 2])], [GoodNet()], in: RunContext())
    #expect(hard.repairs[0].detectors[0].threshold == nil)
    for wrong in [[2, 0], [1, 1], [-1, 0], [0, 3]] {
      let error = #expect(throws: PluginError.self) {
        try experiment.run([Copying(wrong)], [goodNet(0)], in: RunContext())
      }
      #expect(error?.code.rawValue == "wrong-held-out")
    }
  }
}
