/// How far numbers lie under their median, in median absolute deviations.
enum AnomalyIndex {
  /// Returns (median - x) / (1.4826 median |x - median|) for each number x; a deviation of 0 is
  /// taken as 1.
  ///
  /// 1.4826 makes the deviation that of a normal distribution (Hampel 1974).
  static func indices(of numbers: [Double]) -> [Double] {
    let middle = median(of: numbers)
    let deviation = 1.4826 * median(of: numbers.map { abs($0 - middle) })
    return numbers.map { (middle - $0) / (deviation > 0 ? deviation : 1) }
  }

  /// Returns the middle number, or the mean of the two in the middle; there must be one at least.
  static func median(of numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }
}
