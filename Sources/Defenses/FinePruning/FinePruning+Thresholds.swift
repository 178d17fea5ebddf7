internal import DefenseKit

extension FinePruning {
  /// The channels by mean activation, ascending, ties by index.
  static func order(_ means: [Double]) -> [Int] {
    means.indices.sorted { (means[$0], $0) < (means[$1], $1) }
  }

  /// The number of channels after which accuracy is first at least `drop` points under the
  /// unpruned network's; at least 1, and nil if that never happens.
  ///
  /// It is computed in integers, with the drop to a millionth of a point:
  /// (correct[0] - correct[k]) * 100 >= drop * images.
  static func crossing(of curve: PruningCurve, drop: Double) -> Int? {
    let unit = 1_000_000
    let needed = Int((drop * Double(unit)).rounded()) * curve.images
    return curve.correct.indices.dropFirst().first {
      (curve.correct[0] - curve.correct[$0]) * 100 * unit >= needed
    }
  }

  /// What to tell the user about a drop that the sweep never reached.
  static func unreached(_ drop: Double, _ curve: PruningCurve) -> String {
    let least = curve.correct.dropFirst().min() ?? curve.correct[0]
    let most = Double(curve.correct[0] - least) * 100 / Double(curve.images)
    let rounded = (most * 100).rounded(.down) / 100
    return "fine-pruning: no network reaches a drop of \(drop.optionText) points (the most is "
      + "\(rounded.optionText), with \(curve.correct[0]) of \(curve.images) right before pruning); "
      + "no repaired model for it"
  }
}
