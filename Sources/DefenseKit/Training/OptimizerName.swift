/// How weights are changed along their gradient, as options name it.
public enum OptimizerName: String, Sendable, CaseIterable, OptionValue {
  /// Stochastic gradient descent with momentum.
  case sgd
  /// The same with Nesterov's momentum.
  case nesterov
  /// Adam.
  case adam
  /// Adam with weight decay apart from the gradient.
  case adamW = "adamw"
}
