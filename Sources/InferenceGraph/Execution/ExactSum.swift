/// A sum that does not depend on the order of its terms: fixed point in units of 2^-50.
struct ExactSum {
  private var units: Int128 = 0

  /// Whether a term is finite and small enough to be added millions of times.
  static func holds(_ term: Double) -> Bool { abs(term) < 0x1p50 }

  /// Adds a term for which ``holds(_:)`` is true.
  mutating func add(_ term: Double) { units += Int128(term * 0x1p50) }

  static func += (sum: inout ExactSum, other: ExactSum) { sum.units += other.units }

  var value: Double { Double(units) * 0x1p-50 }
}
