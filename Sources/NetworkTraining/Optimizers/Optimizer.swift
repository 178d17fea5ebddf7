internal import InferenceGraph

/// The rule that updates weights w by their gradient g.
public enum Optimizer: Sendable, Hashable {
  /// Stochastic gradient descent: v = momentum * v + g; w -= rate * v, or with Nesterov's momentum
  /// w -= rate * (g + momentum * v) (Sutskever et al. 2013, as PyTorch writes it).
  case sgd(momentum: Double = 0.9, nesterov: Bool = false)
  /// Adam (Kingma and Ba 2015); weight decay is added to the gradient.
  case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7)
  /// AdamW (Loshchilov and Hutter 2019): weight decay acts on the weights themselves.
  case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7)
}
