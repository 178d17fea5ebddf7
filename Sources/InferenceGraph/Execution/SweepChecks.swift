/// The checks of a sweep's graphs, by purpose.
struct SweepChecks: Sendable {
  /// In the prefix: the checks that decide whether an image is undefined for the unmasked model.
  let all: [Int]
  /// In the prefix: the checks of values that masking does not change. If one fails, the image is
  /// undefined at every step.
  let fixed: [Int]
  /// In the prefix: the checks of values that the frontier depends on.
  let beforeFrontier: [Int]
  /// In the suffix: the checks that decide for a masked model.
  let suffix: [Int]

  init(_ cut: CutSet, prefix: Fused, suffix: Fused) {
    let all = prefix.checks(behind: prefix.index[cut.scores]!)
    self.all = all
    beforeFrontier = prefix.checks(behind: prefix.index[cut.frontier]!)
    self.suffix = suffix.checks(behind: suffix.index[cut.scores]!)
    let changing = cut.isBehind.indices.filter { cut.isBehind[$0] || $0 == cut.frontier }
      .compactMap { prefix.index[$0] }
    fixed = all.filter { !changing.contains(prefix.checked[$0]) }
  }
}
