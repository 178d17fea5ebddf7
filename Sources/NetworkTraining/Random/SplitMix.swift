internal import InferenceGraph
/// SplitMix64 (Steele, Lea and Flood 2014), which all random numbers of the package are made of.
enum SplitMix {
  /// What the state grows by from number to number: 2^64 divided by the golden ratio, odd.
  static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

  /// A bijection that mixes all bits.
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

  /// Returns a number from 0 to `bound` - 1, all equally likely (Lemire 2019).
  ///
  /// - Parameter next: Returns 64 random bits.
  static func number(below bound: Int, _ next: () -> UInt64) -> Int {
    precondition(bound > 0, "a number from 0 to \(bound - 1)")
    let bound = UInt64(bound)
    while true {
      let (high, low) = next().multipliedFullWidth(by: bound)
      // Each result is hit by as many of the 2^64 numbers once the first 2^64 mod bound are left out.
      if low >= bound || low >= (0 &- bound) % bound { return Int(high) }
    }
  }

  /// Returns the numbers below `count` in random order, all orders equally likely if `number` gives
  /// all numbers below its argument equally often (Fisher and Yates; Durstenfeld 1964).
  static func permutation(_ count: Int, below number: (Int) -> Int) -> [Int] {
    var result = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { result.swapAt(last, number(last + 1)) }
    return result
  }
}

/// A number with all its bits mixed: the first one that SplitMix64 gives for a seed.
func mixed(_ seed: UInt64) -> UInt64 { SplitMix.finalized(seed &+ SplitMix.step) }
