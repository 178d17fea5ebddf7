/// The name of an optimizer in plugin options.
public enum OptimizerName: String, Sendable, CaseIterable, OptionValue {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// Stochastic gradient descent with Nesterov momentum.
  case nesterov
  /// Adam.
  case adam
  /// Adam with decoupled weight decay.
  case adamW = "adamw"
}
