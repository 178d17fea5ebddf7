import DefenseKit
import OccluderSearch
import Testing

@testable import TriggerUnlearning

@Suite("Loss of trigger unlearning")
struct UnlearningLossTests {
  /// Unit 2, margin 1. Image 1, target 0: (5 - 3) / 2 + 1 = 2, rival 2. Image 2, target 1:
  /// (1 - 7) / 2 + 1 < 0. The mean is 1; each derivative is 1 / (2 * 2).
  @Test("The hinge, worked by hand")
  func hinge() {
    let found = UnlearningLoss.hinge(
      [5, 2, 3, 7, 1, 0], targets: [0, 1], unit: 2, margin: 1)
    #expect(found.value == 1)
    #expect(found.gradient == [0.25, 0, -0.25, 0, 0, 0])
  }

  /// p = (1/2, 1/2), q = (3/4, 1/4): KL = log(2/3)/2 + log(2)/2 = log(4/3)/2 = 0.143841; the
  /// gradient is q - p.
  @Test("The divergence from the teacher, worked by hand")
  func divergence() {
    let three = Float(1.098_612_3)
    let found = UnlearningLoss.divergence([three, 0], from: [2, 2], images: 1)
    #expect(abs(found.value - 0.143_841) < 1e-5)
    #expect(abs(found.gradient[0] - 0.25) < 1e-6 && abs(found.gradient[1] + 0.25) < 1e-6)
  }

  /// (3 - 1)^2 / (1 + 4 + 4) = 4/9; the derivative is 2 * 2 / 9.
  @Test("The relative error, worked by hand")
  func relativeError() {
    let found = UnlearningLoss.relativeError([3, 2, 2], from: [1, 2, 2])
    #expect(abs(found.value - 4.0 / 9) < 1e-6)
    #expect(abs(found.gradient[0] - 4.0 / 9) < 1e-6)
    #expect(found.gradient[1] == 0 && found.gradient[2] == 0)
    #expect(UnlearningLoss.relativeError([1], from: [0]).value == 0)
  }

  /// q = (3/4, 1/4): -log(1/4) = 1.386294; images without labels do not count.
  @Test("The labels' term, worked by hand")
  func crossEntropy() {
    let three = Float(1.098_612_3)
    let found = UnlearningLoss.crossEntropy([three, 0, 5, 9], labels: [1, nil])
    #expect(abs(found.value - 1.386_294) < 1e-5)
    #expect(abs(found.gradient[0] - 0.75) < 1e-6 && abs(found.gradient[1] + 0.75) < 1e-6)
    #expect(found.gradient[2] == 0 && found.gradient[3] == 0)
  }

  @Test("Earlier triggers are drawn in every later round")
  func knownTriggers() {
    var known = KnownTriggers(shape: [2, 2, 1])
    func entry(_ target: Int, _ value: Float) -> KnownTriggers.Entry {
      KnownTriggers.Entry(
        target: target, change: .fixed(.addition(Array(repeating: value, count: 4))))
    }
    known.add([entry(1, 100)])
    known.add([])
    known.add([entry(1, -100), entry(3, -50)])
    #expect(known.rounds.count == 2 && known.targets == [1, 3])
    var numbers = SeededGenerator(seed: 2)
    var (early, late) = (0, 0)
    for _ in 0..<400 {
      let drawn = known.draw(&numbers)
      #expect(known.targets.contains(drawn.target))
      guard case .fixed(.addition(let values)) = drawn.change, drawn.target == 1 else { continue }
      if values.contains(where: { $0 > 0 }) { early += 1 }
      if values.contains(where: { $0 < 0 }) { late += 1 }
    }
    // Class 1 is drawn 200 times, 160 of them of what is known: a quarter of the first round.
    #expect((15...70).contains(early) && late > early, "\(early) and \(late)")
  }
}
