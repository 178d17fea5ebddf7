public import DefenseKit
private import Foundation

/// The distribution of the maximum margins of a network without a backdoor.
///
/// The margins other than the largest one vary less than all margins do. With few classes a gamma
/// distribution fitted to them is therefore too narrow, and honest networks fall outside of it; an
/// exponential one is too wide to show anything with many.
public enum NullDistribution: String, CaseIterable, OptionValue {
  /// A gamma distribution with the margins' mean and variance, from 0.
  case gamma
  /// An exponential distribution from the smallest margin, with the margins' mean.
  case exponential

  /// Returns the natural logarithm of p = 1 - F(x)^count, with F fitted to `values`.
  ///
  /// - Parameters:
  ///   - x: The largest of all margins.
  ///   - values: The other margins, at least two.
  ///   - count: The number of all margins.
  func logarithmOfP(_ x: Double, besides values: [Double], of count: Int) -> Double {
    let tail = logarithmOfTail(x, fittedTo: values)
    // Near 0, p is count * (1 - F).
    if tail < -30 { return min(0, tail + log(Double(count))) }
    let power = Double(count) * log1p(-exp(tail))
    return power > -0.7 ? log(-expm1(power)) : log1p(-exp(power))
  }

  /// Returns ln(1 - F(x)), with F fitted to `values`.
  private func logarithmOfTail(_ x: Double, fittedTo values: [Double]) -> Double {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    switch self {
    case .exponential:
      let least = values.min() ?? 0
      let scale = max(mean - least, Self.leastDeviation * abs(mean))
      return x <= least ? 0 : -(x - least) / scale
    case .gamma:
      let sum = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = max((sum / (count - 1)).squareRoot(), Self.leastDeviation * mean)
      guard x > 0 else { return 0 }
      // One class alone can be reached from noise.
      guard mean > 0 else { return -.infinity }
      let shape = mean / deviation * (mean / deviation)
      return logarithmOfGammaTail(x / mean * shape, shape: shape)
    }
  }

  /// The least standard deviation of a distribution, in units of its mean.
  private static let leastDeviation = 1e-3
}

/// Returns ln Q(a, x), the logarithm of the regularized upper incomplete gamma function: the
/// probability that a number of a gamma distribution of shape a and scale 1 exceeds x.
///
/// Below a + 1 by the power series of P = 1 - Q, above by the continued fraction (Abramowitz and
/// Stegun 1964, 6.5.29 and 6.5.31, in Lentz's form).
///
/// - Parameters:
///   - x: A number over 0.
///   - a: The shape, over 0.
func logarithmOfGammaTail(_ x: Double, shape a: Double) -> Double {
  let factor = a * log(x) - x - logarithmOfGamma(a)
  if x < a + 1 {
    var term = 1 / a
    var sum = term
    var n = a
    while term > sum * 1e-16 {
      n += 1
      term *= x / n
      sum += term
    }
    return log1p(-min(exp(factor) * sum, 1 - 1e-16))
  }
  var b = x + 1 - a
  var c = 1e300
  var d = 1 / b
  var fraction = d
  for n in 1...1_000_000 {
    let an = -Double(n) * (Double(n) - a)
    b += 2
    d = 1 / nonzero(an * d + b)
    c = nonzero(b + an / c)
    fraction *= c * d
    if abs(c * d - 1) < 1e-15 { break }
  }
  return factor + log(fraction)
}

private func nonzero(_ x: Double) -> Double { abs(x) < 1e-300 ? 1e-300 : x }

/// Returns the natural logarithm of the gamma function of a number over 0, by Stirling's series
/// behind the recurrence (Abramowitz and Stegun 1964, 6.1.41).
func logarithmOfGamma(_ x: Double) -> Double {
  var (x, product) = (x, 1.0)
  while x < 12 {
    product *= x
    x += 1
  }
  let square = 1 / (x * x)
  let series =
    (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188))))
    / x
  return (x - 0.5) * log(x) - x + 0.918_938_533_204_672_742 + series - log(product)
}
