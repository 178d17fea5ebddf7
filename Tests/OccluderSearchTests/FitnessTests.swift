import DefenseKit
import Testing

@testable import OccluderSearch

@Suite("Fitness of triggers")
struct FitnessTests {
  @Test("A margin is the class's logit minus the largest other one, worked by hand")
  func margin() {
    let logits: [Float] = [9, 1, 4, 2.5, 9]
    #expect(logits.margin(1..<4, of: 1) == 1.5)
    #expect(logits.margin(1..<4, of: 0) == -3)
    #expect(logits.margin(1..<4, of: 2) == -1.5)
  }

  @Test("Mean and lower quartile of clipped margins, success the share over 0, worked by hand")
  func judgement() {
    // 30 counts as 20, -infinity as -20: (20 + 2 - 20 + 0) / 4 = 0.5; 2 of 4 are over 0. The
    // quartile is at place 0.75 of -20, 0, 2, 20: -20 + 0.75 * 20 = -5.
    let found = Judgement(of: [30, 2, -.infinity, 0], price: 0.5)
    #expect(found.mean == 0 && found.quartile == -5.5 && found.success == 0.5)
    let one = Judgement(of: [3], price: 1)
    #expect(one.mean == 2 && one.quartile == 2 && one.success == 1)
    // At place 1 of five.
    #expect(Judgement(of: [5, 4, 1, 2, 3], price: 0).quartile == 2)
  }

  /// Scores (x1, x2) of two images: (3, 1) and (0, 4) have margins 2 and 4, mean 3.
  @Test("The unit is the mean margin of clean predictions, worked by hand")
  func unit() throws {
    var graph = try Graph(inputShape: [1, 1, 2])
    try graph.append("flat", .flatten, inputs: [0])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [2, 2], values: [1, 0, 0, 1]))), inputs: [1],
      activation: .softmax)
    let pool = CleanPool([3, 1, 0, 4], shape: [1, 1, 2])
    let margins = try Margins(Model(graph: graph), on: pool, in: RunContext())
    #expect(margins.unit == 3)
    #expect(margins.predictions == [0, 1])
    // A change that adds (1, 4): (4, 5) and (1, 8), whose margins of class 1 are 1/3 and 7/3.
    let stamped = StampedImages(
      pool, changes: [.fixed(.addition([1, 4]))],
      stamps: [.init(image: 0, change: 0), .init(image: 1, change: 0)])
    let found = try margins.margins(of: stamped, toward: [1, 1])
    #expect(abs(found[0] - 1.0 / 3) < 1e-6 && abs(found[1] - 7.0 / 3) < 1e-6)
  }

  @Test("The two best of each family survive, then the best")
  func survivors() {
    var numbers = SeededGenerator(seed: 3)
    let families = [0, 0, 0, 0, 1, 1, 1]
    let genomes = families.map { Genome(of: $0, &numbers) }
    let kept = TriggerSearch.survivors(
      of: genomes, [5, 9, 7, 8, 1, 3, 2], count: 5)
    #expect(kept == [1, 3, 2, 5, 6].map { genomes[$0] })
  }

  @Test("Sizes of changes, worked by hand")
  func sizes() {
    let shape = [1, 2, 1]
    #expect(Trigger.Change.overlay(pattern: [1, 1], alpha: [1, 0.5]).size(for: shape) == 0.75)
    #expect(Trigger.Change.addition([-51, 0]).size(for: shape).rounded(3) == 0.1)
    // The second pixel is read at column 0: half of the width away, a mean of 1/4.
    #expect(Trigger.Change.warp([0, 0, 0, 0]).size(for: shape) == 0.25)
  }
}

extension Double {
  fileprivate func rounded(_ digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    return (self * scale).rounded() / scale
  }
}
