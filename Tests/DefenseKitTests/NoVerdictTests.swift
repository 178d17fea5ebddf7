import Foundation
import Testing

@testable import DefenseKit

/// Cannot judge images whose first value is 1 or more; flags those whose second is.
private struct Undecided: Detector {
  struct Fitted: FittedDetector {
    let models: [Model]
    func detections(for batch: DetectorBatch) -> [Detection] {
      let values = batch.images()
      return batch.predictions(of: 0).enumerated().map { image, prediction in
        if values[image * 2] >= 1 { return .noVerdict }
        let score = values[image * 2 + 1]
        return Detection(score >= 1 ? .flagged : prediction, score: score)
      }
    }
  }
  static let name = "undecided"
  static let summary = "Judges some images."
  static let requirements: [PluginRequirement] = []
  init(options: NoOptions = NoOptions()) {}
  func fitted(
    to suspect: Model, repaired: Repair?, using clean: CleanData?, in context: RunContext
  ) -> any FittedDetector { Fitted(models: [suspect]) }
}

@Suite("Images without a verdict")
struct NoVerdictTests {
  @Test("They are neither right nor a hit, pass no filter, and are counted; by hand")
  func counts() {
    let predictions: [Prediction] = [.class(0), .noVerdict, .flagged, .class(1), .noVerdict]
    let clean = CleanCounts(predictions: predictions, labels: [0, 0, 0, 0, 0])
    #expect(clean == CleanCounts(correct: 1, flagged: 1, noVerdict: 2, images: 5))
    #expect(clean.noVerdict == 2 && clean.accuracy == 0.2 && clean.filteredAccuracy == 0.5)
    #expect(CleanCounts(correct: 0, flagged: 1, noVerdict: 1, images: 2).filteredAccuracy == nil)
    let attack = AttackCounts(
      predictions: predictions, targets: [0, 0, 0, 0, 0], trueLabels: [1, 1, 1, 1, 0])
    #expect(
      attack.counted
        == PoisonedCounts(hits: 1, restored: 1, flagged: 1, noVerdict: 1, images: 4))
    #expect(
      attack.all == PoisonedCounts(hits: 1, restored: 1, flagged: 1, noVerdict: 2, images: 5))
    #expect(attack.counted.filteredSuccessRate == 0.5)
    #expect("\(Prediction.noVerdict)" == "no verdict" && Detection.noVerdict.score.isNaN)
  }

  @Test("Stored counts have the key only if there are such images, and read without it")
  func stored() throws {
    func text(_ counts: some Encodable) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(counts), as: UTF8.self)
    }
    let none = CleanCounts(correct: 1, images: 2)
    #expect(try text(none) == #"{"correct":1,"flagged":0,"images":2,"nonfinite":0}"#)
    #expect(try JSONDecoder().decode(CleanCounts.self, from: Data(text(none).utf8)) == none)
    let some = PoisonedCounts(hits: 1, noVerdict: 3, images: 4)
    #expect(
      try text(some) == #"{"flagged":0,"hits":1,"images":4,"noVerdict":3,"nonfinite":0}"#)
    #expect(try JSONDecoder().decode(PoisonedCounts.self, from: Data(text(some).utf8)) == some)
  }

  @Test("An evaluation counts and reports them, and leaves them out of the AUROC")
  func evaluation() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0])
    let model = Model(graph: graph)
    let test = try CleanData(
      ArraySource([0.5, 0, 0, 0.5, 3, 0, 0, 2], imageShape: [2]), labels: [0, 1, 0, 1],
      name: "test.h5")
    let poisoned = try PoisonedData(
      ArraySource([0, 3, 2, 0, 2, 0, 0, 0.75], imageShape: [2]), targets: [0, 0, 0, 0],
      trueLabels: [1, 1, 0, 1], name: "bad.h5")
    let context = RunContext()
    let evaluation = try Experiment(suspect: model, clean: nil, test: test, poisoned: poisoned)
      .run([], [Undecided()], in: context)
    let result = try #require(evaluation.suspectDetectors.first)
    #expect(result.result.test == CleanCounts(correct: 2, flagged: 1, noVerdict: 1, images: 4))
    #expect(
      result.result.poisoned?.counted
        == PoisonedCounts(hits: 0, restored: 1, flagged: 1, noVerdict: 1, images: 3))
    #expect(result.result.poisoned?.all?.noVerdict == 2)
    #expect(
      result.scores == DetectorScores(test: [0, 0.5, 2], poisoned: [3, 0.75]))
    // 3 is above all three, 0.75 above two of them.
    #expect(result.auroc == 5.0 / 6 && result.scores.unscored == 0)
    let line =
      "undecided with suspect: no verdict on 1 of 4 test, 2 of 4 poisoned images; these get no "
      + "class and count as wrong, and not as attack success; the AUROC leaves them out"
    #expect(evaluation.noVerdictLines == [line])
    #expect(context.statistics.warnings.contains(line))
    let report = Report(suspect: model, evaluation: evaluation).json.text
    #expect(report.contains(#""noVerdict": 1, "images": 4"#))
    #expect(report.contains(#""noVerdict": 1, "images": 3"#))
    #expect(report.components(separatedBy: "noVerdict").count == 4)
  }
}
