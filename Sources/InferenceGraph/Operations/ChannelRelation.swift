/// The elements of the input that a channel of an operation's result depends on.
package enum ChannelRelation: Sendable {
  /// The same channel of the only input, and no other; channel c / m with a depth multiplier m.
  case apart
  /// The same channel of all inputs.
  case combined
  /// Elements that move but keep their values.
  case rearranged
  /// All channels of the input.
  case mixed
}
