internal import ArgumentParser

/// The factor for a data set's values, written as a number or as a fraction like 1/255.
struct Scale: ExpressibleByArgument, Sendable {
  let factor: Float

  init?(argument: String) {
    // Over 0 as Float: 1e-300 is not a usable factor.
    guard let factor = FractionText.value(of: argument), factor > 0 else { return nil }
    self.factor = factor
  }
}
