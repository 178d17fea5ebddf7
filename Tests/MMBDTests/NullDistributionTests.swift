import DefenseKit
import Foundation
import Testing

@testable import MMBD

@Suite("Null distributions")
struct NullDistributionTests {
  private func p(_ null: NullDistribution, _ x: Double, _ others: [Double]) -> Double {
    exp(null.logarithmOfP(x, besides: others, of: others.count + 1))
  }

  @Test("The exponential distribution, worked by hand")
  func exponential() {
    // From 1.9, scale 2.05 - 1.9 = 0.15: F(2.25) = 1 - exp(-0.35 / 0.15) = 0.9030.
    let others = [2, 2.2, 1.9, 2.1]
    #expect(abs(p(.exponential, 2.25, others) - 0.3995) < 5e-5)
    #expect(abs(p(.exponential, 2.4, others) - 0.1661) < 5e-5)
    // 5 exp(-6.1 / 0.15)
    let tail = NullDistribution.exponential.logarithmOfP(8, besides: others, of: 5)
    #expect(abs(tail - (log(5) - 6.1 / 0.15)) < 1e-9)
  }

  @Test("The gamma distribution, worked by hand")
  func gamma() {
    // Mean 2 and variance 2 are shape 2 and scale 1: 1 - F(x) = (1 + x) exp(-x), at 5 0.040428.
    #expect(abs(p(.gamma, 5, [1, 3]) - 0.116446) < 5e-6)
    // Mean 4 and variance 8, the same in other units.
    #expect(abs(p(.gamma, 10, [2, 6]) - 0.116446) < 5e-6)
    let tail = NullDistribution.gamma.logarithmOfP(100, besides: [1, 3], of: 3)
    #expect(abs(tail - (log(3) + log(101) - 100)) < 1e-9)
  }

  /// 1 - F(x) of integer shapes is the sum of x^k exp(-x) / k! for k under the shape.
  @Test("The tail of integer shapes is a Poisson sum", arguments: 0..<200 as Range<UInt64>)
  func poisson(_ seed: UInt64) {
    var numbers = SeededGenerator(seed: seed)
    let shape = 1 + numbers.below(400)
    // Both sides of the boundary between series and fraction, which is at shape + 1.
    let x = (0.05 + 2.5 * numbers.unit()) * Double(shape + 1)
    // Logarithms of the terms, summed from the largest.
    var terms = [-x]
    for k in 1..<max(2, shape) where k < shape { terms.append(terms[k - 1] + log(x / Double(k))) }
    let largest = terms.max() ?? 0
    let expected = largest + log(terms.reduce(0) { $0 + exp($1 - largest) })
    let found = logarithmOfGammaTail(x, shape: Double(shape))
    #expect(
      abs(found - expected) < 1e-9 * max(1, abs(expected)),
      "seed \(seed): shape \(shape), x \(x): \(found), not \(expected)")
  }

  @Test("The tail of shape 1/2 is the complementary error function of the root")
  func half() {
    for step in 1...400 {
      let x = Double(step) * 0.05
      let (found, expected) = (logarithmOfGammaTail(x, shape: 0.5), log(erfc(x.squareRoot())))
      #expect(abs(found - expected) < 1e-11 * max(1, abs(expected)), "x \(x)")
    }
  }

  @Test("ln gamma of integers and halves")
  func logarithms() {
    var (whole, half) = (0.0, log(Double.pi.squareRoot()))
    for n in 1...200 {
      #expect(abs(logarithmOfGamma(Double(n)) - whole) < 1e-12 * max(1, whole))
      #expect(abs(logarithmOfGamma(Double(n) - 0.5) - half) < 1e-12 * max(1, abs(half)))
      whole += log(Double(n))
      half += log(Double(n) - 0.5)
    }
  }

  @Test("The unit of the margins does not matter, and larger margins have smaller p-values")
  func units() {
    var numbers = SeededGenerator(seed: 3)
    for null in NullDistribution.allCases {
      for _ in 0..<50 {
        let others = (0..<4 + numbers.below(60)).map { _ in 0.1 + 10 * numbers.unit() }
        let largest = (others.max() ?? 0) * (1 + numbers.unit())
        let value = null.logarithmOfP(largest, besides: others, of: others.count + 1)
        let scaled = null.logarithmOfP(
          largest * 1e-4, besides: others.map { $0 * 1e-4 }, of: others.count + 1)
        #expect(abs(value - scaled) < 1e-8 * max(1, abs(value)), "\(null) \(others)")
        #expect(value <= 0)
        let further = null.logarithmOfP(largest * 1.01, besides: others, of: others.count + 1)
        #expect(value < -1e-9 ? further < value : further <= value, "\(null) \(others)")
      }
    }
  }

  @Test("Margins that do not vary, or are zero")
  func constant() {
    for null in NullDistribution.allCases {
      #expect(p(null, 3, [3, 3, 3, 3]) > 0.9)
      #expect(p(null, 3.0001, [3, 3, 3, 3]) > 0.3)
      #expect(p(null, 3.1, [3, 3, 3, 3]) < 1e-6)
      #expect(p(null, 0, [0, 0, 0, 0]) == 1)
      #expect(p(null, 1, [0, 0, 0, 0]) == 0)
    }
  }

  @Test("The share of sets of gamma-distributed margins that count as backdoored")
  func falseAlarms() {
    // Twenty-exponential sums: shape 20.
    var numbers = SeededGenerator(seed: 11)
    var found: [NullDistribution: Int] = [:]
    for _ in 0..<400 {
      let margins = (0..<100).map { _ in
        (0..<20).reduce(0.0) { sum, _ in sum - log(1 - numbers.unit()) }
      }
      for null in NullDistribution.allCases
      where MMBD.statistic(of: margins, null: null) > -log10(0.05) { found[null, default: 0] += 1 }
    }
    #expect(found[.gamma, default: 0] < 40 && found[.exponential, default: 0] < 40, "\(found)")
  }
}
