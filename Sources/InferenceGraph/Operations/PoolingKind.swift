/// What a pooling window gives.
public enum PoolingKind: String, Sendable, Hashable {
  /// The largest element.
  case max
  /// The mean; elements outside the image do not count.
  case average
}
