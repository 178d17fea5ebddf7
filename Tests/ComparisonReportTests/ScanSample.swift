import ComparisonReport
import DefenseKit
import Foundation

/// A scan that is made up: one verdict that finds two triggers, one that finds nothing, one that could not run.
struct ScanSample {
  var classes = 10
  /// Whether every text is one that a stranger might have chosen.
  var isHostile = false
  var hasFound = true

  private static let shape = [12, 12, 3]

  /// Returns a text, or hostile ones in its place.
  private func text(_ text: String) -> String {
    isHostile ? Hostile.names.joined(separator: " ") : text
  }

  func scan() throws -> ModelScan {
    var graph = try Graph(inputShape: Self.shape)
    try graph.append("flatten", .flatten, inputs: [0])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [432, classes], repeating: 0))), inputs: [1],
      activation: .softmax)
    var random = Sample.Random(state: 3)
    var scores = (0..<classes).map { _ in random.normal(1, 0.2) }
    if hasFound { (scores[0], scores[classes - 1]) = (3.5, 2.75) }
    let found = ModelVerdict(
      statistic: hasFound ? 7.25 : 0.5, threshold: 2, classScores: scores,
      measure: text("success of the best trigger"), targets: hasFound ? [0, classes - 1] : [],
      triggers: hasFound ? [try patch(0, row: 1), try patch(classes - 1, row: 8)] : [],
      notes: [text("40 of 1283 classes were searched"), "The search was cut short"])
    let idle = ModelVerdict(
      statistic: 0.25, threshold: 2, classScores: scores.map { $0 / 3 }, measure: text("margin"))
    var scan = ModelScan(
      suspect: Model(graph: graph, name: text("suspect")),
      answers: [
        .init(
          verdict: "occluder", summary: text("Searches triggers by evolution."), result: found,
          files: hasFound
            ? ["trigger-0-occluder.h5", "trigger-\(classes - 1)-occluder.h5"] : []),
        .init(verdict: "margin", summary: text("Compares margins."), result: idle),
      ],
      omissions: [
        .init(
          verdict: "cleanser", reason: text("cleanser needs at least 8 clean images"),
          lacksImages: true)
      ], baseline: CleanCounts(correct: 9, images: 10))
    if isHostile { scan.baselineProblem = text("") }
    scan.steps = [
      .init(
        text("Apply the trigger of class 0 to labelled images"),
        text("runner trigger apply scan/trigger-0-occluder.h5 --data test.h5 --output t.h5")),
      .init("Measure how often it leads to class 0", "runner evaluate m.h5 --poisoned t.h5"),
    ]
    return scan
  }

  func page() throws -> ScanPage {
    let size = Self.shape.reduce(1, *)
    let images = DataSet(
      values: (0..<10 * size).map { Float($0 * 7919 % 256) }, imageShape: Self.shape,
      labels: (0..<10).map { Int32($0 % min(10, classes)) }, name: "clean")
    return try ScanPage(
      scan(), images: CleanData(images),
      notes: [.init(text("Model"), text("suspect.h5")), .init("Seed", "0")],
      warnings: [text("images repeat")])
  }

  private func patch(_ target: Int, row: Int) throws -> Trigger {
    let pixels = 0..<Self.shape[0] * Self.shape[1]
    return try Trigger(
      .overlay(
        pattern: pixels.flatMap { _ in [255, 230, 40] as [Float] },
        alpha: pixels.map { row..<row + 3 ~= $0 / 12 && 2..<5 ~= $0 % 12 ? 1 : 0 }),
      imageShape: Self.shape, goal: AttackGoal(target: target, classCount: classes),
      attack: "occluder")
  }
}
