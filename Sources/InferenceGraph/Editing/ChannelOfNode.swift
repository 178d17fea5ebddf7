/// A channel of a node, by index.
struct ChannelOfNode: Hashable, Comparable {
  var node: Int
  var channel: Int

  static func < (a: ChannelOfNode, b: ChannelOfNode) -> Bool {
    (a.node, a.channel) < (b.node, b.channel)
  }
}
