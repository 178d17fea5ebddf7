internal import InferenceGraph
/// SplitMix64 (Steele, Lea and Flood 2014), the basis of all random numbers of the package.
enum SplitMix {
  /// The increment of the state: 2^64 divided by the golden ratio, odd.
  static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

  /// Mixes all bits of a state; a bijection.
  static func finalized(_ state: UInt64) -> UInt64 {
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Returns the next 64 random bits.
  static func next(_ state: inout UInt64) -> UInt64 {
    state &+= step
    return finalized(state)
  }

  /// Returns a number from 0 to `bound` - 1; all are equally likely (Lemire 2019).
  ///
  /// - Parameter next: Returns 64 random bits.
  static func number(below bound: Int, _ next: () -> UInt64) -> Int {
    precondition(bound > 0, "a number from 0 to \(bound - 1)")
    let bound = UInt64(bound)
    while true {
      let (high, low) = next().multipliedFullWidth(by: bound)
      // Rejecting the first 2^64 mod bound numbers leaves equally many for each result.
      if low >= bound || low >= (0 &- bound) % bound { return Int(high) }
    }
  }

  /// Returns the numbers below `count` in random order (Fisher and Yates; Durstenfeld 1964). All
  /// orders are equally likely if `number` is uniform below its argument.
  static func permutation(_ count: Int, below number: (Int) -> Int) -> [Int] {
    var result = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { result.swapAt(last, number(last + 1)) }
    return result
  }
}

/// Returns a number with all bits mixed: the first output of SplitMix64 for a seed.
func mixed(_ seed: UInt64) -> UInt64 { SplitMix.finalized(seed &+ SplitMix.step) }
