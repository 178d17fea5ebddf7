import InferenceGraph
import ModelIO
import Testing

@testable import DefenseKit

@Suite("Scans of models")
struct ModelScanTests {
  private func model(classes: Int = 12) throws -> Model {
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    let weights = (0..<4 * classes).map { Float($0 % 4 == $0 / classes ? 1 : 0) }
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [4, classes], values: weights))), inputs: [1],
      activation: .softmax)
    return Model(graph: graph, name: "toy")
  }

  private func trigger(_ target: Int, _ change: Trigger.Change, shape: [Int] = [2, 2, 1]) throws
    -> Trigger
  {
    try Trigger(
      change, imageShape: shape, goal: AttackGoal(target: target, classCount: 12),
      attack: "finder")
  }

  @Test("The table shows the first of many classes and triggers")
  func table() throws {
    let patch = try trigger(7, .overlay(pattern: [9, 9, 9, 9], alpha: [1, 0.5, 0, 0]))
    let wave = try trigger(3, .addition([1, 2, 3, 4]))
    let scores = (0..<12).map { Double($0) }
    func verdict(_ targets: [Int], _ triggers: [Trigger]) -> ModelVerdict {
      ModelVerdict(
        statistic: .infinity, threshold: 1.5, classScores: scores, measure: "size",
        targets: targets, triggers: triggers)
    }
    let scan = ModelScan(
      suspect: try model(),
      answers: [
        .init(verdict: "one", summary: "One.", result: verdict([11], [wave])),
        .init(
          verdict: "many", summary: "Many.",
          result: verdict([11, 10, 9, 8, 7, 3], [patch, patch, wave])),
        .init(verdict: "none", summary: "None.", result: verdict([], [])),
      ], omissions: [.init(verdict: "x", reason: "x needs y", lacksImages: false)])
    #expect(
      scan.text == """
        Backdoor found by 3 of 3 verdicts: one names class 11; many names classes 11, 10, 9, 8, 7 \
        and 1 more; none names no class.

        verdict  answer    statistic  threshold              target classes  trigger found (area)
        ─────────────────────────────────────────────────────────────────────────────────────────
        one      backdoor   infinite        1.5                          11                 found
        many     backdoor   infinite        1.5  11, 10, 9, 8, 7 and 1 more     37.5 % and 2 more
        none     backdoor   infinite        1.5                           –                     –

        one: size
          class 11: 11, class 10: 10, class 9: 9; 9 with lower scores
        many: size
          class 11: 11, class 10: 10, class 9: 9; 9 with lower scores
        none: size
          class 11: 11, class 10: 10, class 9: 9; 9 with lower scores

        many's trigger of class 7, from black ░ to white █:
          ░░░░
           · ·

        No verdict:
          x needs y

        """)
    #expect(scan.targets == [3, 7, 8, 9, 10, 11] && scan.isBackdoored)
  }

  /// 18 x 3 pixels are cells of 2 x 2, those of the last row of 2. The first row has opaque cells at
  /// both ends of each quarter of the brightness. In the last row one cell is white and covered by
  /// a quarter, one by an eighth. A colour counts as its mean: (255 + 0 + 129) / 3 = 128.
  @Test("A sketch of a trigger, worked by hand")
  func sketch() throws {
    func sketch(_ change: Trigger.Change, _ shape: [Int]) throws -> [String]? {
      try trigger(1, change, shape: shape).sketch
    }
    var (pattern, alpha) = (
      Array(repeating: Float(0), count: 54), Array(repeating: Float(0), count: 54)
    )
    for (cell, value) in [0, 63, 64, 127, 128, 191, 192, 255].enumerated() {
      for row in 0..<2 {
        for column in 2 * cell..<2 * cell + 2 {
          pattern[row * 18 + column] = Float(value)
          alpha[row * 18 + column] = 1
        }
      }
    }
    (pattern[36], alpha[36]) = (255, 0.5)
    (pattern[38], alpha[38]) = (255, 0.25)
    #expect(
      try sketch(.overlay(pattern: pattern, alpha: alpha), [3, 18, 1])
        == ["░░░░▒▒▒▒▓▓▓▓████ ·", "██ · · · · · · · ·"])
    #expect(
      try sketch(.overlay(pattern: [255, 0, 129, 9, 9, 9], alpha: [1, 0.2]), [1, 2, 3]) == ["▓▓ ·"])
    #expect(try sketch(.addition([1, 2]), [1, 2, 1]) == nil)
  }

  @Test("A picture of a trigger: images of other classes first, in the images' units")
  func picture() throws {
    let patch = try trigger(1, .overlay(pattern: [255, 0, 0, 0], alpha: [1, 0, 0, 0]))
    // Images of one value each; the first is of the target class.
    let values: [Float] = [0.2, 0.4, 0.6, 0.8].flatMap { Array(repeating: $0, count: 4) }
    func clean(_ labels: [Int32]) throws -> CleanData {
      try CleanData(
        DataSet(values: values, imageShape: [2, 2, 1], labels: labels, name: "clean"))
    }
    let some = try #require(
      try patch.picture(on: clean([1, 0, 0, 2]), range: 0...1, count: 2))
    #expect(some.width == 7 && some.height == 7 && some.channels == 1)
    func row(_ y: Int) -> [UInt8] { Array(some.pixels[y * 7..<(y + 1) * 7]) }
    // The second and the fourth image: one of class 0 and one of class 2.
    #expect(row(1) == [255, 102, 102, 255, 204, 204, 255])
    #expect(row(4) == [255, 255, 102, 255, 255, 204, 255])
    #expect(row(5) == row(1))
    // Images of the target class are better than none.
    let all = try #require(
      try patch.picture(on: clean([1, 1, 1, 1]), range: 0...1))
    #expect(all.width == 13)
    let other = try trigger(
      1, .addition(Array(repeating: 1, count: 9)), shape: [3, 3, 1])
    #expect(try other.picture(on: clean([0, 0, 0, 0]), range: 0...1) == nil)
  }
}
