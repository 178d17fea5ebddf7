/// The name of a learning-rate schedule in plugin options.
public enum ScheduleName: String, Sendable, CaseIterable, OptionValue {
  /// A constant learning rate.
  case constant
  /// A rate that drops to a tenth at certain epochs.
  case step
  /// A rate that falls to zero along half a cosine.
  case cosine
  /// A rate that rises and falls again.
  case oneCycle = "one-cycle"
}
