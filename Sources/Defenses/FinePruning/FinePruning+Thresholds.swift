internal import DefenseKit

extension FinePruning {
  /// Returns the channels by mean activation, ascending, ties by index.
  static func order(_ means: [Double]) -> [Int] {
    means.indices.sorted { (means[$0], $0) < (means[$1], $1) }
  }

  /// Returns the number of channels for a share of them, rounded down as in the published
  /// implementations, and at least 1.
  ///
  /// The floating-point error of the product is not rounded down: 0.29 of 100 is 29.
  static func count(_ share: Double, of channels: Int) -> Int {
    max(1, min(channels, Int((share * Double(channels) + 1e-9).rounded(.down))))
  }

  /// Returns the number of channels, at least 1, after which accuracy is first at least `drop`
  /// under the unpruned network's; nil if no number reaches the drop.
  ///
  /// Computed in integers, with the drop to a millionth of its unit:
  /// (correct[0] - correct[k]) * 100 >= drop * images, or drop * correct[0] for a relative drop.
  static func crossing(
    of curve: PruningCurve, drop: Double, in dropUnit: DropUnit = .points
  ) -> Int? {
    let unit = 1_000_000
    let whole = dropUnit == .points ? curve.images : curve.correct[0]
    guard whole > 0 else { return nil }
    let needed = Int((drop * Double(unit)).rounded()) * whole
    return curve.correct.indices.dropFirst().first {
      (curve.correct[0] - curve.correct[$0]) * 100 * unit >= needed
    }
  }

  /// Returns a warning about a drop that the sweep never reached.
  static func unreached(
    _ drop: Double, _ dropUnit: DropUnit, _ curve: PruningCurve
  ) -> String {
    let least = curve.correct.dropFirst().min() ?? curve.correct[0]
    let whole = dropUnit == .points ? curve.images : curve.correct[0]
    let most = whole == 0 ? 0 : Double(curve.correct[0] - least) * 100 / Double(whole)
    let rounded = (most * 100).rounded(.down) / 100
    return "fine-pruning: no pruned network reaches a drop of \(drop.optionText) "
      + "\(dropUnit == .points ? "points" : "per cent") (the largest is \(rounded.optionText), "
      + "with \(curve.correct[0]) of \(curve.images) correct before pruning); no repaired model "
      + "for this drop"
  }
}
