import DefenseKit
import DefenseKitTesting
import Foundation
import Testing

@testable import Beatrix

@Suite("Beatrix")
struct BeatrixTests {
  static let checks = PluginChecks(
    Beatrix.self,
    refusing: [
      "orders": ["0", "17"], "samples": ["9", "201"], "width": ["-1", "1001"],
      "alarms": ["-0.1", "1", "1.5"],
    ])

  @Test("A rule of plugins", arguments: checks.rules)
  func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }

  private func detections(
    on images: LabelledImages, by suspect: Model, using clean: CleanData,
    _ options: Beatrix.Options = .init(), _ context: RunContext = RunContext()
  ) throws -> [Detection] {
    try Beatrix(options: options).detections(
      on: images.dataSet(), suspect: suspect, repaired: nil, using: clean, in: context)
  }

  @Test("Triggered images deviate more than clean ones; few clean ones are flagged")
  func trial() throws {
    let problem = try ToyProblem.standard()
    for suspect in problem.suspects {
      func scores(_ images: LabelledImages) throws -> [Detection] {
        try detections(on: images, by: suspect.model, using: problem.clean)
      }
      let (clean, triggered) = (
        try scores(problem.testImages), try scores(problem.triggeredImages)
      )
      let auroc = try #require(
        areaUnderROC(negatives: clean.map(\.score), positives: triggered.map(\.score)))
      let flagged = [clean, triggered].map { $0.count { $0.prediction == .flagged } }
      print("beatrix, \(suspect.model.name): AUROC \(auroc), flagged \(flagged)")
      #expect(auroc > 0.9)
      #expect(Double(flagged[0]) <= 0.15 * Double(clean.count))
      #expect(Double(flagged[1]) >= 0.5 * Double(triggered.count))
    }
  }

  @Test("An image's score is that of a plain computation in Double, within 1e-4")
  func independent() throws {
    let problem = try ToyProblem.standard()
    let model = problem.plain.model
    var options = Beatrix.Options()
    (options.samples, options.width) = (200, 3)
    let found = try detections(
      on: problem.testImages, by: model, using: problem.clean, options)
    // 8 channels of 8x8 pixels; every clean image of a class is used.
    let executor = try Executor([model], observing: [(0, "conv_1")])
    let clean = try executor.observations(of: problem.clean.source)[0]
    let test = try executor.observations(of: problem.testImages.dataSet())[0]
    let classes = try executor.predictions(for: problem.clean.source)[0]
    let predictions = try executor.predictions(for: problem.testImages.dataSet())[0]
    func entries(_ all: [Float], _ image: Int) -> [Double] {
      var result: [Double] = []
      for order in 1...8 {
        for a in 0..<8 {
          for b in a..<8 {
            var sum = 0.0
            for pixel in 0..<64 {
              let (first, second) = (image * 512 + pixel * 8 + a, image * 512 + pixel * 8 + b)
              sum +=
                pow(Double(all[first]), Double(order)) * pow(Double(all[second]), Double(order))
            }
            result.append((sum < 0 ? -1 : 1) * pow(abs(sum), 1 / Double(order)))
          }
        }
      }
      return result
    }
    func median(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
    let all = classes.indices.map { entries(clean, $0) }
    for image in stride(from: 0, to: 64, by: 7) {
      let members = classes.indices.filter { classes[$0] == predictions[image] }
      #expect(members.count > 30)
      let values = entries(test, image)
      var sum = 0.0
      for entry in values.indices {
        let known = members.map { all[$0][entry] }
        let middle = median(known)
        let margin = 3 * median(known.map { abs($0 - middle) })
        let (low, high) = (middle - margin, middle + margin)
        if values[entry] < low { sum += (low - values[entry]) / abs(low + 1e-6) }
        if values[entry] > high { sum += (values[entry] - high) / abs(high + 1e-6) }
      }
      let expected = sum / Double(values.count)
      #expect(
        abs(Double(found[image].score) - expected) <= 1e-4 * max(1, expected),
        "image \(image): \(found[image].score), not \(expected)")
    }
    #expect(found.contains { $0.score > 0 })
  }

  @Test("The threshold is set on every used clean image; the share of alarms bounds it")
  func threshold() throws {
    let problem = try ToyProblem.standard()
    for alarms in [0, 0.05, 0.3] {
      var options = Beatrix.Options()
      (options.alarms, options.width) = (alarms, 1)
      let fitted = try Beatrix(options: options).fitted(
        to: problem.plain.model, repaired: nil, using: problem.clean, in: RunContext())
      let threshold = try #require(fitted.detectionThreshold)
      #expect(threshold.images == 120 && Double(threshold.flagged) <= alarms * 120)
      #expect(threshold.value.isFinite && threshold.value >= 0)
      #expect(alarms != 0.3 || threshold.flagged > 18)
    }
  }

  @Test("A class with fewer than 10 clean images gets no verdict, the others do, with a warning")
  func fewMembers() throws {
    let problem = try ToyProblem.standard()
    let model = problem.plain.model
    let predicted = try Executor([model]).predictions(for: problem.clean.source)[0]
    let rare = predicted.indices.filter { predicted[$0] == .class(3) }
    let chosen = predicted.indices.filter { predicted[$0] != .class(3) } + rare.prefix(9)
    let clean = try CleanData(problem.cleanImages.selecting(chosen).dataSet())
    let context = RunContext()
    let found = try detections(on: problem.testImages, by: model, using: clean, .init(), context)
    let own = try Executor([model]).predictions(for: problem.testImages.dataSet())[0]
    for (detection, prediction) in zip(found, own) {
      #expect((detection.prediction == .noVerdict) == (prediction == .class(3)))
    }
    #expect(found.contains { $0.prediction == .noVerdict })
    #expect(
      context.statistics.warnings == [
        "beatrix: no verdict on images of class 3: fewer than 10 clean images are classified so; "
          + "give more"
      ])
    let one = try CleanData(
      problem.cleanImages.selecting(Array(rare.prefix(9)) + chosen.prefix(1)).dataSet())
    let error = #expect(throws: DataError.self) {
      try detections(on: problem.testImages, by: model, using: one)
    }
    #expect(
      error?.description
        == "\(one.name): has no class with 10 images, as toy_plain classifies them, which beatrix "
        + "needs to judge images of the class; give more")
    let few = try CleanData(problem.cleanImages.selecting(Array(0..<9)).dataSet())
    let tooFew = #expect(throws: PluginError.self) {
      try detections(on: problem.testImages, by: model, using: few)
    }
    #expect(tooFew?.description == "beatrix needs at least 10 clean images; give more")
  }

  @Test("Images of a group are held out together; one group alone is an error")
  func groups() throws {
    let problem = try ToyProblem.standard()
    func clean(_ groups: [Int]) throws -> CleanData {
      try CleanData(
        problem.clean.source, labels: problem.clean.labels, groups: groups, name: "clean.h5")
    }
    let grouped = try clean((0..<160).map { $0 / 4 % 7 })
    let positions = (0..<160).filter { $0 % 4 == 0 }
    let folds = Beatrix.folds(positions, of: grouped)
    for (one, a) in zip(positions, folds) {
      for (other, b) in zip(positions, folds) where one / 4 % 7 == other / 4 % 7 {
        #expect(a == b)
      }
    }
    #expect(Set(folds) == Set(0..<5))
    #expect(Beatrix.folds(Array(0..<7), of: problem.clean) == [0, 1, 2, 3, 4, 0, 1])
    let error = #expect(throws: DataError.self) {
      try detections(
        on: problem.testImages, by: problem.plain.model,
        using: clean(Array(repeating: 5, count: 160)))
    }
    #expect(
      error?.description
        == "clean.h5: has only one group of images in each class, but beatrix holds out groups to "
        + "set its threshold; give images of more groups or leave group out")
  }

  @Test("Values too large for a power are said in a line; fewer orders do")
  func overflow() throws {
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append(
      "conv",
      .convolution(
        Convolution(
          kernel: Tensor(shape: [1, 1, 1, 2], values: [1e18, -1e18]), bias: nil, padding: .same)),
      inputs: [0])
    try graph.append("mean", .globalPooling(.average, keepsDimensions: false), inputs: [1])
    try graph.append(
      "output", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [2])
    let model = Model(graph: graph, name: "large")
    let clean = try CleanData(
      ArraySource((0..<80).map { Float(1 + $0 % 4) }, imageShape: [2, 2, 1]),
      labels: Array(repeating: 0, count: 20), name: "clean.h5")
    func detections(_ orders: Int) throws -> [Detection] {
      var options = Beatrix.Options()
      options.orders = orders
      return try Beatrix(options: options).detections(
        on: ArraySource([1, 2, 3, 4], imageShape: [2, 2, 1]), suspect: model,
        repaired: nil, using: clean, in: RunContext())
    }
    let error = #expect(throws: PluginError.self) { try detections(16) }
    #expect(
      error?.description
        == "beatrix cannot use 'conv', whose values are too large for power 16; lower beatrix.orders "
        + "or check preprocessing.scale")
    #expect(try detections(8).map(\.prediction) == [.class(0)])
  }

  @Test("Flagged over the threshold, not at it; without ranges no verdict")
  func detection() {
    let threshold = DetectionThreshold(value: 0.5, images: 10, flagged: 0)
    func detection(_ prediction: Prediction, _ score: Float?) -> Detection {
      Beatrix.detection(prediction, score: score, threshold: threshold)
    }
    #expect(detection(.class(4), 0.5) == Detection(.class(4), score: 0.5))
    #expect(detection(.class(4), 0.75) == Detection(.flagged, score: 0.75))
    #expect(detection(.class(4), .nan).prediction == .flagged)
    #expect(detection(.class(4), nil).prediction == .noVerdict)
    let undefined = detection(.undefined, nil)
    #expect(undefined.prediction == .flagged && undefined.score.isNaN)
  }
}
