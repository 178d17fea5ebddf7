private import Foundation

extension STRIP {
  /// Returns the entropy below which an image is flagged.
  ///
  /// - Parameters:
  ///   - entropies: Those of clean images, at least one, in any order.
  ///   - alarms: The share of clean images that may be flagged.
  /// - Returns: Minus infinity, under which nothing lies, where so few images allow no alarm at all.
  static func threshold(_ entropies: [Double], alarms: Double, by rule: Rule) -> Double {
    // In one order, so that the sums do not depend on the images' order.
    let sorted = entropies.sorted()
    let count = Double(sorted.count)
    switch rule {
    case .normal:
      let mean = sorted.reduce(0, +) / count
      let variance = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return mean + normalQuantile(alarms) * variance.squareRoot()
    case .quantile:
      // An image of the same kind lies below the j-th smallest of n with a chance of at most
      // j / (n + 1), whatever the distribution.
      // (The share is not held against it for want of a binary fraction: 0.29 of 100 is 29.)
      let rank = Int((alarms * (count + 1) + 1e-9).rounded(.down))
      return rank < 1 ? -.infinity : sorted[min(rank, sorted.count) - 1]
    }
  }

  /// The number of clean entropies without which a quantile allows no alarm.
  static func leastCount(alarms: Double) -> Int {
    Int((1 / alarms - 1 - 1e-9).rounded(.up))
  }

  /// Returns z such that a normal number of mean 0 and variance 1 is below z with this probability.
  static func normalQuantile(_ probability: Double) -> Double {
    // The distribution is monotone: halving finds z to the last bit.
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if erfc(-middle / 2.0.squareRoot()) / 2 < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
