import DefenseKit
import Testing

@testable import SentiNet

@Suite("SentiNet's curve")
struct FooledCurveTests {
  private func points(_ pairs: (Double, Double)...) -> [PastePoint] {
    pairs.map { PastePoint(fooled: $0.1, confidence: $0.0) }
  }

  @Test("By hand: through (0.2, 0.04), (0.4, 0.06), (0.6, 0.12) it is 0.06 - 0.2 a + 0.5 a^2")
  func byHand() throws {
    let curve = try #require(FooledCurve(through: points((0.6, 0.12), (0.2, 0.04), (0.4, 0.06))))
    for a in stride(from: 0.2, through: 0.6, by: 0.05) {
      let expected: Double = 0.06 - 0.2 * a + 0.5 * a * a
      #expect(abs(curve.value(at: a) - expected) < 1e-12)
    }
    #expect(abs(curve.score(points((0.4, 0.95))[0]) - 0.89) < 1e-6)
    #expect(abs(curve.score(points((0.4, 0.01))[0]) + 0.05) < 1e-6)
    // Outside of the clean confidences it keeps its value at the end.
    #expect(abs(curve.value(at: 1) - 0.12) < 1e-12 && abs(curve.value(at: 0) - 0.04) < 1e-12)
  }

  @Test("Of each bin of 0.02 the point with the largest share counts")
  func bins() throws {
    let all = points((0.211, 0.3), (0.205, 0.5), (0.219, 0.5), (0.221, 0.1), (0.9, 0), (0.219, 0.2))
    #expect(FooledCurve.highest(of: all) == points((0.205, 0.5), (0.221, 0.1), (0.9, 0)))
    #expect(FooledCurve.highest(of: all.reversed()) == FooledCurve.highest(of: all))
  }

  @Test("Two bins give a line, one a constant, none nothing")
  func degrees() throws {
    let line = try #require(FooledCurve(through: points((0.2, 0.1), (0.6, 0.3))))
    #expect(abs(line.value(at: 0.3) - 0.15) < 1e-12)
    let constant = try #require(FooledCurve(through: points((0.305, 0.1), (0.31, 0.2))))
    for place in [0, 0.31, 1] { #expect(abs(constant.value(at: place) - 0.2) < 1e-12) }
    #expect(FooledCurve(through: []) == nil)
  }

  @Test("With more bins it is the least-squares parabola: residuals are orthogonal to 1, a, a^2")
  func leastSquares() throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20 {
      let count = 4 + random.below(30)
      let all = (0..<count).map { bin in
        PastePoint(fooled: random.unit(), confidence: 0.02 * (Double(bin) + random.unit() * 0.9))
      }
      let curve = try #require(FooledCurve(through: all))
      for power in 0...2 {
        var product = 0.0
        for point in all {
          let factors: [Double] = [1, point.confidence, point.confidence * point.confidence]
          product += (point.fooled - curve.value(at: point.confidence)) * factors[power]
        }
        #expect(abs(product) < 1e-9, "seed \(seed)")
      }
    }
  }
}
