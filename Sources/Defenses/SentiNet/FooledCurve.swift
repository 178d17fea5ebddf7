/// The parabola over the confidence that bounds the fooled shares of clean images.
struct FooledCurve: Sendable {
  /// The width of the bins of confidences.
  static let binWidth = 0.02

  /// The range of the fitted confidences.
  let domain: ClosedRange<Double>
  /// The coefficients of 1, t and t^2, with t the confidence moved and scaled to -1...1.
  private let coefficients: [Double]

  /// Fits the largest fooled share of each bin by least squares: a parabola, a line for two bins, a
  /// constant for one.
  ///
  /// - Parameter points: Points of clean images, in any order; nil results from none.
  init?(through points: [PastePoint]) {
    let highest = Self.highest(of: points)
    guard let first = highest.first, let last = highest.last else { return nil }
    domain = first.confidence...last.confidence
    let degree = min(2, highest.count - 1)
    let places = highest.map {
      Self.place(of: $0.confidence, in: first.confidence...last.confidence)
    }
    // The normal equations of at most three unknowns.
    var rows = (0...degree).map { i in
      (0...degree).map { j in places.reduce(0) { $0 + Self.power($1, i + j) } }
        + [zip(places, highest).reduce(0) { $0 + Self.power($1.0, i) * $1.1.fooled }]
    }
    for pivot in 0...degree {
      // The matrix is positive definite, because the places differ: no exchange is needed.
      for row in 0...degree where row != pivot {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in 0...degree + 1 { rows[row][column] -= factor * rows[pivot][column] }
      }
    }
    coefficients = (0...degree).map { rows[$0][degree + 1] / rows[$0][$0] }
  }

  /// Returns the point of each bin with the largest fooled share, by ascending confidence; of equal
  /// ones that of the least confidence.
  static func highest(of points: [PastePoint]) -> [PastePoint] {
    var bins: [Int: PastePoint] = [:]
    for point in points.sorted(by: { $0.confidence < $1.confidence }) {
      let bin = Int(point.confidence / binWidth)
      if bins[bin].map({ point.fooled > $0.fooled }) ?? true { bins[bin] = point }
    }
    return bins.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Returns how far a point lies over the curve.
  func score(_ point: PastePoint) -> Float { Float(point.fooled - value(at: point.confidence)) }

  /// Returns the curve at a confidence, limited to ``domain``.
  func value(at confidence: Double) -> Double {
    let place = Self.place(
      of: min(max(confidence, domain.lowerBound), domain.upperBound), in: domain)
    return coefficients.reversed().reduce(0) { $0 * place + $1 }
  }

  private static func place(of confidence: Double, in domain: ClosedRange<Double>) -> Double {
    let reach = (domain.upperBound - domain.lowerBound) / 2
    return reach > 0 ? (confidence - domain.lowerBound) / reach - 1 : 0
  }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
