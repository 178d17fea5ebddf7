/// The channels of a layer that a defense pruned.
public struct PrunedChannels: Sendable, Hashable, Codable {
  /// The name of a convolution, a dense layer or a batch normalization.
  ///
  /// A batch normalization is pruned by itself if other layers read its input as well.
  public var layer: String
  /// The channels in the order of pruning.
  public var channels: [Int]
  /// The number of channels of the layer before pruning.
  public var total: Int

  /// Creates an entry.
  public init(layer: String, channels: [Int], of total: Int) {
    self.layer = layer
    self.channels = channels
    self.total = total
  }
}
