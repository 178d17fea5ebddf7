/// The channels of a layer that a defense pruned.
public struct PrunedChannels: Sendable, Hashable, Codable {
  /// The layer's name: a convolution or a dense layer, or a batch normalization whose channels alone
  /// were pruned, as other layers read the same convolution or sum.
  public var layer: String
  /// The channels, first pruned first.
  public var channels: [Int]
  /// How many channels the layer has, the pruned ones included.
  public var total: Int

  /// Creates an entry.
  public init(layer: String, channels: [Int], of total: Int) {
    self.layer = layer
    self.channels = channels
    self.total = total
  }
}
