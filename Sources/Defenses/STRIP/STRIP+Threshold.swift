private import Foundation

extension STRIP {
  /// Returns the entropy below which an image is flagged.
  ///
  /// - Parameters:
  ///   - entropies: The entropies of clean images, at least one, in any order.
  ///   - alarms: The share of clean images that may be flagged.
  /// - Returns: The threshold; minus infinity if there are too few images for any alarm.
  static func threshold(_ entropies: [Double], alarms: Double, by rule: Rule) -> Double {
    // Sorted, so that the sums do not depend on the images' order.
    let sorted = entropies.sorted()
    let count = Double(sorted.count)
    switch rule {
    case .normal:
      let mean = sorted.reduce(0, +) / count
      let variance = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return mean + normalQuantile(alarms) * variance.squareRoot()
    case .quantile:
      // A clean image of the same kind lies below the j-th smallest of n with a probability of at
      // most j / (n + 1), whatever the distribution. (Floating-point error of the product is not
      // rounded down: 0.29 of 100 is 29.)
      let rank = Int((alarms * (count + 1) + 1e-9).rounded(.down))
      return rank < 1 ? -.infinity : sorted[min(rank, sorted.count) - 1]
    }
  }

  /// The minimum number of clean entropies for which a quantile allows an alarm.
  static func leastCount(alarms: Double) -> Int {
    Int((1 / alarms - 1 - 1e-9).rounded(.up))
  }

  /// Returns the quantile of the standard normal distribution at a probability.
  static func normalQuantile(_ probability: Double) -> Double {
    // The distribution is monotonic: bisection finds z to the last bit.
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if erfc(-middle / 2.0.squareRoot()) / 2 < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
