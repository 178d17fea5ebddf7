import Testing

@testable import DefenseKit

@Suite("Scores of detectors")
struct DetectorScoresTests {
  private func pairs(_ scores: DetectorScores, points: Int = 200) -> [[Double]] {
    scores.roc(points: points).map { [$0.falsePositives, $0.truePositives] }
  }

  @Test("A ROC curve by hand: ties are one step, NaN is the most suspicious")
  func roc() {
    // In falling order: NaN (poisoned), 3 (poisoned), 2 (both), 1 (clean), 0 (clean).
    let scores = DetectorScores(test: [0, 2, 1], poisoned: [3, .nan, 2])
    let third = 1.0 / 3
    #expect(
      pairs(scores) == [
        [0, 0], [0, third], [0, 2 * third], [third, 1], [2 * third, 1], [1, 1],
      ])
    // 8 of 9 pairs in order, the tie half: (8 + 0.5) / 9.
    #expect(scores.auroc == 8.5 / 9)
    #expect(scores.unscored == 1)
    #expect(DetectorScores(test: [1], poisoned: []).roc().isEmpty)
  }

  @Test("What a curve of few points leaves out has a point within 2 / (points - 1)")
  func thinned() throws {
    let clean = (0..<1000).map { Float(($0 * 379) % 1009) }
    let poisoned = (0..<700).map { Float(($0 * 211) % 1009) + 200 }
    let scores = DetectorScores(test: clean, poisoned: poisoned)
    let whole = scores.roc(points: 10_000)
    let few = scores.roc(points: 50)
    #expect(few.count <= 50 && whole.count > 500)
    #expect(few.first == whole.first && few.last == whole.last)
    #expect(few.allSatisfy { whole.contains($0) })
    func area(_ curve: [ROCPoint]) -> Double {
      zip(curve, curve.dropFirst()).reduce(0) { sum, pair in
        sum + (pair.1.falsePositives - pair.0.falsePositives)
          * (pair.0.truePositives + pair.1.truePositives) / 2
      }
    }
    // Trapezoids over all corners are the area exactly.
    #expect(abs(area(whole) - (scores.auroc ?? 0)) < 1e-12)
    #expect(abs(area(few) - area(whole)) < 1.0 / 50)
    for point in whole {
      let distance = few.map {
        abs($0.falsePositives - point.falsePositives) + abs($0.truePositives - point.truePositives)
      }.min()
      #expect(try #require(distance) <= 2.0 / 49)
    }
  }

  @Test("A histogram by hand")
  func histogram() {
    let scores = DetectorScores(test: [0, 1, 1.9, 4], poisoned: [4, .infinity, .nan, -.infinity])
    let histogram = scores.histogram(bins: 4)
    #expect(
      histogram == ScoreHistogram(low: 0, high: 4, test: [1, 2, 0, 1], poisoned: [1, 0, 0, 3]))
    #expect(DetectorScores(test: [.nan], poisoned: []).histogram() == nil)
    // All alike: nothing to divide by.
    #expect(DetectorScores(test: [2, 2], poisoned: [2]).histogram(bins: 2)?.test == [2, 0])
  }

  @Test(
    "Defense effectiveness by hand: doing nothing has 0.5, a perfect defense 1 less what it costs")
  func effectiveness() {
    func result(_ correct: Int, _ hits: Int) -> Evaluation.ModelResult {
      Evaluation.ModelResult(
        test: CleanCounts(correct: correct, images: 100),
        poisoned: AttackCounts(counted: PoisonedCounts(hits: hits, images: 100)))
    }
    let suspect = result(92, 100)
    #expect(suspect.effectiveness(against: suspect) == 0.5)
    // (1.00 - 0.04 + 1) / 2 with the attack gone and 4 points lost.
    #expect(abs((result(88, 0).effectiveness(against: suspect) ?? 0) - 0.98) < 1e-12)
    // Neither a better accuracy nor a stronger attack counts: (max(0, .) - max(0, .) + 1) / 2.
    #expect(result(95, 100).effectiveness(against: suspect) == 0.5)
    #expect(result(92, 100).effectiveness(against: result(92, 50)) == 0.5)
    #expect(Evaluation.ModelResult().effectiveness(against: suspect) == nil)
  }

  @Test("What passes the filter")
  func filtered() {
    let counts = PoisonedCounts(hits: 3, restored: 1, flagged: 6, images: 10)
    #expect(counts.filteredSuccessRate == 0.75 && counts.robustAccuracy == 0.1)
    #expect(PoisonedCounts(hits: 0, flagged: 2, images: 2).filteredSuccessRate == nil)
  }
}
