internal import InferenceGraph
/// Random numbers determined by a key (SplitMix64; Steele, Lea and Flood 2014).
///
/// Every random choice of a training has its own key, made of the seed and the purpose. An image
/// gets the same shift in an epoch on every thread and in every batch.
struct KeyedGenerator {
  /// The purpose of the numbers; different purposes get independent numbers.
  enum Purpose: UInt64 {
    case order = 1
    case augmentation
    case noise
    case overlay
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

  /// Returns a number from 0 to `bound` - 1; all are equally likely (Lemire 2019).
  mutating func below(_ bound: Int) -> Int {
    SplitMix.number(below: bound) { next() }
  }

  /// Returns the numbers below `count` in random order; all orders are equally likely.
  mutating func permutation(_ count: Int) -> [Int] {
    SplitMix.permutation(count) { below($0) }
  }
}
