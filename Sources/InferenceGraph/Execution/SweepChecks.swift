/// The checks of a sweep's graphs, by what they mean.
struct SweepChecks: Sendable {
  /// In the prefix: those that decide whether the unmasked model gives a class.
  let all: [Int]
  /// In the prefix: those of values that no masking changes. Where one fails, no step gives a class.
  let fixed: [Int]
  /// In the prefix: those that the values at the frontier depend on.
  let beforeFrontier: [Int]
  /// In the suffix: those that decide for a masked model.
  let suffix: [Int]

  init(_ cut: SweepCut, prefix: Fused, suffix: Fused) {
    let all = prefix.checks(behind: prefix.index[cut.scores]!)
    self.all = all
    beforeFrontier = prefix.checks(behind: prefix.index[cut.frontier]!)
    self.suffix = suffix.checks(behind: suffix.index[cut.scores]!)
    let changing = cut.isBehind.indices.filter { cut.isBehind[$0] || $0 == cut.frontier }
      .compactMap { prefix.index[$0] }
    fixed = all.filter { !changing.contains(prefix.checked[$0]) }
  }
}
