/// The order of an image's elements in a data set.
public enum ImageLayout: String, Sendable, Hashable, CaseIterable {
  /// Channels first: `[channels, height, width]`.
  case nchw
  /// Channels last: `[height, width, channels]`.
  case nhwc
}
