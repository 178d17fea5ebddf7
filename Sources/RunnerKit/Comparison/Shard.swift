internal import DefenseKit

/// Part i of n of a comparison, with i from 1 to n.
struct Shard: Sendable {
  let index: Int
  let count: Int

  init(_ text: String) throws(Failure) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1, index <= count
    else {
      throw Failure(option: "--shard", "takes a part of several, such as 1/3, not '\(text)'")
    }
    (self.index, self.count) = (index, count)
  }

  /// Returns every n-th stage, starting at another defense for every model and seed.
  ///
  /// Units that share a repair stay together, and the slowest stages spread over the parts.
  func part(of stages: [ComparisonStage]) -> [ComparisonStage] {
    var turn = 0
    return stages.enumerated().filter { place, stage in
      // A model's first stage contains the suspect without a defense.
      if place > 0, stage.units.first?.defense == nil { turn += 1 }
      return (place + turn) % count == index - 1
    }.map(\.element)
  }
}
