/// The fixed-point iteration v <- J^T v + g from v = 0 (Zeng et al. 2022, algorithm 1).
///
/// After K iterations v is the sum of (J^T)^j g over j < K: the start of a series that converges
/// only if J is a contraction.
struct FixedPoint {
  /// The last iterate.
  private(set) var value: [Float]
  /// The L2 norm of every iterate.
  private(set) var norms: [Double]
  /// Whether the last term of the series is longer than the first.
  private(set) var grows: Bool

  /// Iterates.
  ///
  /// - Parameters:
  ///   - gradient: g.
  ///   - iterations: K, at least 1.
  ///   - product: Returns J^T v.
  init(
    _ gradient: [Float], iterations: Int, product: ([Float]) throws -> [Float]
  ) rethrows {
    value = gradient
    norms = [Self.norm(gradient)]
    var lastTerm = norms[0]
    for _ in 1..<max(1, iterations) {
      let next = zip(try product(value), gradient).map { $0 + $1 }
      lastTerm = Self.norm(zip(next, value).map { $0 - $1 })
      value = next
      norms.append(Self.norm(next))
    }
    grows = lastTerm > norms[0]
  }

  /// Returns the L2 norm.
  static func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }
}
