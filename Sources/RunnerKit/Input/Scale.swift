internal import ArgumentParser

/// The factor for a data set's values, written as a number or as a fraction like 1/255.
struct Scale: ExpressibleByArgument, Sendable {
  let factor: Float

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count <= 2, let numerator = parts[0] else { return nil }
    var factor = numerator
    if parts.count == 2 {
      guard let denominator = parts[1], denominator != 0 else { return nil }
      factor /= denominator
    }
    // Checked as Float: 1e300 and 1e-300 are not usable factors.
    let rounded = Float(factor)
    guard rounded.isFinite, rounded > 0 else { return nil }
    self.factor = rounded
  }
}
