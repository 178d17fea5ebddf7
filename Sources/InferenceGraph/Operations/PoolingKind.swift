/// The value that a pooling takes from each window.
public enum PoolingKind: String, Sendable, Hashable {
  /// The largest element.
  case max
  /// The mean of the elements inside the image.
  case average
}
