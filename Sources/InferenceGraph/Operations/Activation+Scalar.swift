import Foundation

extension Activation {
  /// Whether f(0) = 0; false for the softmax family.
  package var keepsZeros: Bool { isElementwise && value(at: 0) == 0 }

  /// Returns f(x) in double precision. Traps for the softmax family.
  ///
  /// Used for constants while a graph is edited; images go through the vector kernels.
  func value(at x: Double) -> Double {
    switch self {
    case .linear: x
    case .relu(let cap, let slope, let threshold):
      x >= Double(threshold)
        ? Swift.min(x, cap.map { Double($0) } ?? .infinity)
        : Double(slope) * (x - Double(threshold))
    case .elu(let alpha): x > 0 ? x : Double(alpha) * expm1(x)
    case .selu: 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))
    case .celu(let alpha): x > 0 ? x : Double(alpha) * expm1(x / Double(alpha))
    case .sigmoid: 1 / (1 + exp(-x))
    case .hardSigmoid(let slope): Swift.min(Swift.max(Double(slope) * x + 0.5, 0), 1)
    case .hardSiLU: x * Swift.min(Swift.max(x / 6 + 0.5, 0), 1)
    case .hardTanh: Swift.min(Swift.max(x, -1), 1)
    case .silu: x / (1 + exp(-x))
    case .tanh: Foundation.tanh(x)
    case .tanhShrink: x - Foundation.tanh(x)
    case .softplus: softPlus(x)
    case .softsign: x / (1 + abs(x))
    case .logSigmoid: -softPlus(-x)
    case .exponential: exp(x)
    case .gelu(false): 0.5 * x * erfc(-x / 2.0.squareRoot())
    case .gelu(true):
      x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .mish: x * Foundation.tanh(softPlus(x))
    case .squareplus:
      x < 0 ? 2 / ((x * x + 4).squareRoot() - x) : (x + (x * x + 4).squareRoot()) / 2
    case .hardShrink: abs(x) > 0.5 ? x : 0
    case .softShrink: x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0
    case .softmax, .logSoftmax:
      preconditionFailure("\(self) is not a function of one element")
    }
  }
}

private func softPlus(_ x: Double) -> Double { Swift.max(x, 0) + log1p(exp(-abs(x))) }
