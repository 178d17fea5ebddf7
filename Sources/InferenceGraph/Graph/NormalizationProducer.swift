/// The layer that produces the input of a batch normalization.
public enum NormalizationProducer: Sendable, Hashable {
  /// A convolution of any kind, without an activation between it and the normalization.
  ///
  /// It is shared if another node reads it or a node between the two.
  case convolution(String, isShared: Bool)
  /// The name of a sum, as in a residual network.
  case sum(String)
  /// Any other node, as a phrase that completes "it reads", for example "the image itself".
  case other(String)
}
