internal import InferenceGraph
/// Random numbers that a key alone decides (SplitMix64; Steele, Lea and Flood 2014).
///
/// Whatever is random in a training has a key of its own, made of the seed and of what it is for:
/// an image gets the same shift in an epoch whichever thread or batch it comes to.
struct KeyedGenerator {
  /// What the numbers are for; different purposes get unrelated ones.
  enum Purpose: UInt64 {
    case order = 1
    case augmentation
    case noise
  }

  private var state: UInt64

  /// Creates the generator of a key.
  init(seed: UInt64, _ purpose: Purpose, epoch: Int, index: Int = 0) {
    state = mixed(seed)
    state = mixed(state ^ purpose.rawValue)
    state = mixed(state ^ UInt64(epoch))
    state = mixed(state ^ UInt64(index))
  }

  /// Returns the next 64 random bits.
  mutating func next() -> UInt64 { SplitMix.next(&state) }

  /// Returns a number from 0 to `bound` - 1, all equally likely (Lemire 2019).
  mutating func below(_ bound: Int) -> Int {
    SplitMix.number(below: bound) { next() }
  }

  /// Returns the numbers below `count` in random order, all orders equally likely.
  mutating func permutation(_ count: Int) -> [Int] {
    SplitMix.permutation(count) { below($0) }
  }
}
