import Testing

@testable import Beatrix

@Suite("Gram matrices and ranges")
struct GramTests {
  @Test("By hand: two channels, two pixels, three orders; roots keep the sign")
  func byHand() {
    let gram = GramMatrices(channels: 2, orders: 3)
    #expect(gram.count == 9)
    // Pixels (1, 2) and (3, -1); their squares (1, 4), (9, 1); their cubes (1, 8), (27, -1).
    let entries = gram.entries(of: [1, 2, 3, -1])
    let expected = [
      10, -1, 5, 82.0.squareRoot(), 13.0.squareRoot(), 17.0.squareRoot(),
      9.004_113_394, -2.668_401_649, 4.020_725_759,
    ]
    #expect(zip(entries, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }, "\(entries)")
  }

  @Test("Roots of every order, of both signs", arguments: 1...16)
  func roots(_ order: Int) {
    for x in [0, 1e-12, 0.3, 1, 7, 1e30] {
      let root = GramMatrices.root(x, order)
      let power = (0..<order).reduce(1.0) { product, _ in product * root }
      #expect(abs(power - x) <= 1e-12 * x)
      #expect(GramMatrices.root(-x, order) == -root)
    }
  }

  @Test("A scaled feature map has Gram matrices scaled by the square, in every order")
  func scaling() {
    let gram = GramMatrices(channels: 3, orders: 8)
    let features: [Float] = [0.5, 1, 2, 0, 0.25, 4, 3, 0, 1]
    let plain = gram.entries(of: features[...])
    let scaled = gram.entries(of: features.map { 4 * $0 }[...])
    for (one, other) in zip(plain, scaled) { #expect(abs(other - 16 * one) <= 1e-5 * other) }
  }

  @Test("By hand: median 3, MAD 1.5, so k = 2 gives 0...6; distances are relative to the end")
  func ranges() {
    let ranges = EntryRanges(of: [[1], [9], [4], [2]], width: 2)
    #expect(ranges.low == [0] && ranges.high == [6])
    for inside: Float in [0, 3, 6] { #expect(ranges.deviation(of: [inside]) == 0) }
    #expect(abs(ranges.deviation(of: [9]) - 0.5) < 1e-6)
    #expect(abs(ranges.deviation(of: [-0.5]) - 5e5) < 1)
    // An odd number of images, and the mean over two entries: 5 -/+ 2 * 1, and 0 -/+ 0.
    let two = EntryRanges(of: [[5, 0], [4, 0], [7, 0]], width: 2)
    #expect(two.low == [3, 0] && two.high == [7, 0])
    #expect(abs(two.deviation(of: [1.5, 0]) - 0.25) < 1e-6)
    #expect(abs(two.deviation(of: [1.5, 1e-6]) - 0.75) < 1e-6)
    #expect(two.deviation(of: [.infinity, 0]).isNaN && two.deviation(of: [5, .nan]).isNaN)
  }

  @Test("The median of one to nine numbers", arguments: 1...9)
  func median(_ count: Int) {
    // 5, 2, 7, 4, ...: every number below 9 once.
    var values = (0..<count).map { Float(($0 * 5 + 5) % 9) }
    let sorted = values.sorted()
    let median = EntryRanges.median(&values)
    #expect(values == sorted)
    #expect(median == (sorted[(count - 1) / 2] + sorted[count / 2]) / 2)
  }
}
