/// How an input detector sets the threshold of its scores, for options of plugins.
public enum ThresholdRule: String, Sendable, CaseIterable, OptionValue {
  /// The smallest that a permitted share of clean images exceeds; see ``DetectionThreshold``.
  case quantile
  /// The number that the method's authors use.
  case published
}
