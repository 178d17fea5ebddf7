/// Where a channel of an operation's result comes from.
package enum ChannelRelation: Sendable {
  /// The same channel of the only input, and no other; with a multiplier m, channel c / m.
  case apart
  /// The same channel of all inputs.
  case combined
  /// Elements keep their values and move.
  case rearranged
  /// All channels of the input.
  case mixed
}
