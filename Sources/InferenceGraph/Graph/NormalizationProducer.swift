/// What makes the input of a batch normalization.
public enum NormalizationProducer: Sendable, Hashable {
  /// A convolution of any kind, whose sums the normalization reads as they are, without an activation
  /// in between.
  ///
  /// It is shared if something else reads them too, or what is between both.
  case convolution(String, isShared: Bool)
  /// A sum, as in a residual network; its name.
  case sum(String)
  /// Something else, in words that follow on "it reads", such as "the image itself".
  case other(String)
}
