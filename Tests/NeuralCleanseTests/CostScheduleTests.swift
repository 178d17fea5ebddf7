import Foundation
import Testing

@testable import NeuralCleanse

@Suite("Cost schedule")
struct CostScheduleTests {
  @Test("The trace, worked by hand")
  func trace() {
    var schedule = CostSchedule(initial: 0.5, factor: 4, patience: 2, needed: 0.99)
    // Success and size of a step; cost, smallest size and end after it. A fall divides by 8.
    let steps: [(Double, Double, cost: Double, best: Double?, end: Bool)] = [
      (0.5, 9, 0, nil, false), (0.6, 9, 0, nil, false), (0.7, 9, 0, nil, false),
      (0.99, 9, 0, 9, false), (1, 8, 0.5, 8, false),
      (1, 7, 0.5, 7, false), (1, 6, 2, 6, false),
      // Failures: steps 1 and 2 without a smaller mask.
      (0.98, 5, 2, 6, false), (0.9, 4, 0.25, 6, false),
      // A success between failures starts the count again.
      (0.5, 4, 0.25, 6, false), (1, 6.5, 0.25, 6, false), (0.5, 4, 0.25, 6, false),
      (0.5, 4, 0.03125, 6, false),
      // Smaller, but not by 1 %: step 7 of the wait.
      (1, 5.95, 0.03125, 5.95, false), (1, 6, 0.125, 5.95, false),
      // Smaller by 1 % of 6: the wait starts again.
      (1, 5.9, 0.125, 5.9, false),
      (0, 1, 0.125, 5.9, false), (0, 1, 0.015625, 5.9, false),
      (0, 1, 0.015625, 5.9, false), (0, 1, 0.001953125, 5.9, false),
      (0, 1, 0.001953125, 5.9, false), (0, 1, 0.000244140625, 5.9, false),
      (1, 6, 0.000244140625, 5.9, false), (1, 6, 0.0009765625, 5.9, false),
      (1, 6, 0.0009765625, 5.9, false), (1, 6, 0.00390625, 5.9, true),
    ]
    var best: Double?
    for (number, step) in steps.enumerated() {
      #expect(!schedule.isFinished, "step \(number)")
      let isBest = schedule.record(success: step.0, size: step.1)
      #expect(abs(schedule.cost - step.cost) <= 1e-12 * step.cost, "step \(number)")
      #expect(schedule.best == step.best && schedule.isFinished == step.end, "step \(number)")
      #expect(isBest == (best != step.best), "step \(number)")
      best = step.best
    }
  }

  @Test("The published numbers: 0.001 after 5 successes, then twice, then less by 2^1.5")
  func published() {
    var schedule = CostSchedule(initial: 1e-3, factor: 2, patience: 5, needed: 0.99)
    var costs: [Double] = []
    for success in [1.0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0] {
      _ = schedule.record(success: success, size: 10)
      costs.append(schedule.cost)
    }
    #expect(costs.prefix(4).allSatisfy { $0 == 0 })
    #expect(costs[4...8].allSatisfy { $0 == 1e-3 } && costs[9...13].allSatisfy { $0 == 2e-3 })
    #expect(abs(costs[14] - 7.0710678e-4) < 1e-10)
  }

  @Test("Under constant success the cost rises without end; without success it stays 0")
  func constant() {
    var (always, never) = (
      CostSchedule(initial: 1, factor: 2, patience: 3, needed: 1),
      CostSchedule(initial: 1, factor: 2, patience: 3, needed: 1)
    )
    for step in 1...300 {
      _ = always.record(success: 1, size: 5)
      _ = never.record(success: 0.999, size: 5)
      #expect(always.cost == (step < 3 ? 0 : exp2(Double(step / 3 - 1))))
      #expect(never.cost == 0 && never.best == nil && !always.isFinished && !never.isFinished)
    }
  }
}
