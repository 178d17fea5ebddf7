/// The course of the learning rate, as options name it.
public enum ScheduleName: String, Sendable, CaseIterable, OptionValue {
  /// The same all along.
  case constant
  /// Lower from certain epochs on.
  case step
  /// To zero along half a cosine.
  case cosine
  /// Up and down again.
  case oneCycle = "one-cycle"
}
