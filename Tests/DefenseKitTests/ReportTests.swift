import Foundation
import Testing

@testable import DefenseKit

/// An evaluation of two repairs of a model with four channels, made up.
private func sample() throws -> (Model, Evaluation) {
  let model = Model(
    graph: try Graph(inputShape: [4]),
    source: Model.Source(file: "bad.h5", sha256: "abc"))
  let curve = PruningCurve(
    layer: "conv", order: [2, 0, 1, 3], prunesBias: true, correct: [10, 10, 9, 6, 2], images: 10)
  func repair(_ drop: Double, _ count: Int) -> Repair {
    Repair(
      model: model, defense: "fine-pruning", drop: drop,
      pruned: [PrunedChannels(layer: "conv", channels: Array(curve.order[..<count]), of: 4)],
      clean: CleanCounts(correct: curve.correct[count], images: 10), curve: curve)
  }
  func result(_ correct: Int, _ hits: Int, flagged: Int = 0) -> Evaluation.ModelResult {
    Evaluation.ModelResult(
      test: CleanCounts(correct: correct, flagged: flagged, images: 8),
      poisoned: AttackCounts(
        counted: PoisonedCounts(hits: hits, flagged: flagged * 2, images: 6),
        all: PoisonedCounts(hits: hits + 1, flagged: flagged * 2, images: 7)))
  }
  let even = DetectorScores(test: [1], poisoned: [1])
  let apart = DetectorScores(test: [1], poisoned: [2])
  let evaluation = Evaluation(
    suspect: result(8, 6),
    repairs: [
      .init(
        repair: repair(2.5, 2), result: result(7, 6),
        detectors: [.init(detector: "goodnet", result: result(7, 5, flagged: 1), scores: even)]),
      .init(
        repair: repair(40, 3), result: result(5, 0),
        detectors: [.init(detector: "goodnet", result: result(5, 0, flagged: 3), scores: apart)]),
    ],
    curves: [
      .init(
        defense: "fine-pruning", curve: curve,
        replay: [result(8, 6), result(8, 6), result(7, 6), result(5, 0), result(1, 0)])
    ])
  return (model, evaluation)
}

@Suite("Reports")
struct ReportTests {
  @Test("report.json, byte by byte")
  func report() throws {
    let (model, made) = try sample()
    var evaluation = made
    evaluation.repairs[0].file = "fine-pruning-2.5.h5"
    evaluation.repairs[0].detectors[0].file = "goodnet-fine-pruning-2.5.h5"
    let report = Report(
      suspect: model, evaluation: evaluation,
      data: [.init(role: .clean, sha256: "def", images: 10)], options: ["scale": 1],
      warnings: ["a \"b\"\n"], environment: ["threads": 2])
    let text = report.json.text
    try expectGolden(text, "report.json")
    let parsed = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(parsed["schema"] as? Int == 2)
    #expect((parsed["repairs"] as? [Any])?.count == 2)
    #expect((parsed["curve"] as? [Any])?.count == 5)
    #expect(parsed["warnings"] as? [String] == ["a \"b\"\n"])
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test("The table, whole")
  func table() throws {
    let (_, evaluation) = try sample()
    try expectGolden(evaluation.table, "table.txt")
    #expect(evaluation.table.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(
      evaluation.note
        == "Attack success excludes 1 images of the target class; including them:\n100.00 %, "
        + "100.00 %, 14.29 %.")
  }

  @Test("The curve as CSV, whole")
  func csv() throws {
    let (_, evaluation) = try sample()
    try expectGolden(evaluation.curveCSV, "curve.csv")
  }

  @Test("The chart, whole, and it is XML")
  func chart() throws {
    let (_, evaluation) = try sample()
    let svg = CurveChart(evaluation.curves[0], repairs: evaluation.repairs.map(\.repair)).svg
    try expectGolden(svg, "curve.svg")
    // Below the two labels in one row the frame lies from 91 to 415, and from 55.6 to 840: x of two of four
    // channels is in the middle, y of 7 of 8 is 415 - 324 * 0.875.
    #expect(svg.contains("M447.8 131.5m"))
    #expect(svg.contains("<desc id=\"summary\">unpruned: accuracy (clean) 100.00 %, "))
  }

  @Test("A chart without replay has the clean images' line alone")
  func plainChart() throws {
    var (_, evaluation) = try sample()
    evaluation.curves[0].replay = []
    let svg = CurveChart(evaluation.curves[0], repairs: []).svg
    #expect(svg.components(separatedBy: "class=\"line ").count - 1 == 2)
    #expect(svg.contains("on the defense&#39;s clean images</text>"))
    #expect(evaluation.curveCSV.contains("fine-pruning,conv,1,2,10,10,,,,\n"))
  }

  @Test("Images without a class and scores that are not numbers are named, where there are any")
  func nonfinite() throws {
    let (model, made) = try sample()
    var evaluation = made
    #expect(evaluation.nonfiniteLines == [])
    evaluation.suspect.test?.nonfinite = 3
    evaluation.repairs[1].result.test?.nonfinite = 1
    evaluation.repairs[1].result.poisoned?.counted.nonfinite = 2
    evaluation.repairs[1].result.poisoned?.all?.nonfinite = 4
    evaluation.repairs[1].detectors[0].scores.poisoned = Array(repeating: .nan, count: 5)
    evaluation.curves[0].curve.nonfinite[1] = 6
    #expect(
      evaluation.nonfiniteLines == [
        "suspect: no class for 3 of 8 test images: the model computed NaN or infinite values; "
          + "these images count as wrong, and not as attack success",
        "fine-pruning-40: no class for 1 of 8 test, 4 of 7 poisoned images: the model computed "
          + "NaN or infinite values; these images count as wrong, and not as attack success",
        "goodnet with fine-pruning-40: 5 scores are NaN; the AUROC counts them as most suspicious",
      ])
    let text = Report(suspect: model, evaluation: evaluation).json.text
    #expect(text.contains(#""test": { "correct": 8, "nonfinite": 3, "images": 8 }"#))
    #expect(text.contains(#""all": { "hits": 1, "nonfinite": 4, "images": 7 }"#))
    #expect(text.contains(#""clean": { "correct": 10, "nonfinite": 6, "images": 10 }"#))
    #expect(text.contains("\"auroc\": 1,\n          \"unscored\": 5,"))
    #expect(text.components(separatedBy: "\"nonfinite\"").count == 6)
  }

  @Test("A detector's threshold is in the report, if it has one; an infinite one is null")
  func threshold() throws {
    let (model, made) = try sample()
    var evaluation = made
    evaluation.repairs[1].detectors[0].threshold = DetectionThreshold(
      value: 1.5, images: 20, flagged: 1)
    func text() -> String { Report(suspect: model, evaluation: evaluation).json.text }
    #expect(text().components(separatedBy: "\"threshold\"").count == 2)
    #expect(text().contains(#""threshold": { "value": 1.5, "images": 20, "flagged": 1 }"#))
    evaluation.repairs[1].detectors[0].threshold?.value = .infinity
    #expect(text().contains(#""threshold": { "value": null, "images": 20, "flagged": 1 }"#))
  }

  @Test("How a model was tuned, or that it was not, is in the table and in the report")
  func tuning() throws {
    let (model, made) = try sample()
    var evaluation = made
    #expect(evaluation.tuningLines == [])
    evaluation.repairs[0].repair.tuning = TuningSummary(
      epochs: 12, images: 90, before: CleanCounts(correct: 7, images: 10),
      after: CleanCounts(correct: 9, images: 10))
    evaluation.repairs[1].repair.note = "pruned only"
    #expect(
      evaluation.tuningLines == [
        "fine-pruning 2.5 %: fine-tuned for 12 epochs on 90 images; held-out accuracy 70.00 % "
          + "before, 90.00 % after (10 images)"
      ])
    #expect(evaluation.table.contains("\nfine-pruning 40 %, pruned only  "))
    let report = Report(suspect: model, evaluation: evaluation).json
    let repairs = try #require(
      (try JSONSerialization.jsonObject(with: Data(report.text.utf8)) as? [String: Any])?["repairs"]
        as? [[String: Any]])
    let tuning = try #require(repairs[0]["tuning"] as? [String: Any])
    #expect(tuning["epochs"] as? Int == 12 && tuning["images"] as? Int == 90)
    #expect(tuning["before"] as? [String: Int] == ["correct": 7, "images": 10])
    #expect(tuning["after"] as? [String: Int] == ["correct": 9, "images": 10])
    #expect(repairs[0]["note"] == nil && repairs[1]["tuning"] == nil)
    #expect(repairs[1]["note"] as? String == "pruned only")
    // Without held-out images there is nothing to say about them.
    evaluation.repairs[0].repair.tuning = TuningSummary(epochs: 12, images: 90)
    #expect(
      evaluation.tuningLines == ["fine-pruning 2.5 %: fine-tuned for 12 epochs on 90 images"])
  }

  @Test("The report of a run names the options, the seed and the hashes of the data sets")
  func run() throws {
    var graph = try Graph(inputShape: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [0])
    func data(_ name: String) throws -> CleanData {
      try CleanData(
        ArraySource([1, 0, 0, 1], imageShape: [2]), labels: [0, 1], name: name,
        hash: { "hash of \(name)" })
    }
    let experiment = try Experiment(
      suspect: Model(graph: graph, preprocessing: Preprocessing(scale: 0.5)), clean: data("clean"),
      test: data("test"))
    let context = RunContext(execution: ExecutionOptions(threads: 3), seed: 7)
    let evaluation = try experiment.run([], in: context)
    let report = try Report(
      of: experiment, evaluation, by: [], layout: .nchw, isCompact: true, in: context)
    #expect(
      report.data == [
        .init(role: .clean, sha256: "hash of clean", images: 2),
        .init(role: .test, sha256: "hash of test", images: 2),
      ])
    #expect(
      report.options.text == """
        {
          "scale": 0.5,
          "layout": "nchw",
          "compact": true,
          "curve": false,
          "seed": "7",
          "defenses": {},
          "detectors": {}
        }

        """)
    #expect(report.warnings == context.statistics.warnings)
    #expect(context.statistics.phases.last?.title == "hashing")
  }

  @Test("JSON keeps order, escapes, and writes what isn't finite as null")
  func json() {
    let value: JSON = ["b": 1, "a": [true, .null, .number(2), .number(0.5), .number(.nan)]]
    #expect(value.text == "{ \"b\": 1, \"a\": [true, null, 2, 0.5, null] }\n")
    #expect(JSON.string("\u{1}\t\"\\é").text == "\"\\u0001\\t\\\"\\\\é\"\n")
    #expect(JSON.array([]).text == "[]\n")
    #expect(JSON.object([]).text == "{}\n")
  }
}
