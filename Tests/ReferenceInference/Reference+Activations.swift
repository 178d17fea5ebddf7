import Foundation
import InferenceGraph

extension Activation {
  /// Returns the function of an array whose last axis has the given extent.
  func reference(_ x: [Double], channels: Int) -> [Double] {
    switch self {
    case .softmax:
      return rows(x, channels) { row in
        let exponentials = row.map { exp($0 - row.max()!) }
        return exponentials.map { $0 / exponentials.reduce(0, +) }
      }
    case .logSoftmax:
      return rows(x, channels) { row in
        let total = row.map { exp($0 - row.max()!) }.reduce(0, +)
        return row.map { $0 - row.max()! - log(total) }
      }
    default:
      return x.map { reference($0) }
    }
  }

  private func rows(
    _ x: [Double], _ channels: Int, _ f: ([Double]) -> [Double]
  ) -> [Double] {
    stride(from: 0, to: x.count, by: channels).flatMap { f(Array(x[$0..<$0 + channels])) }
  }

  private func reference(_ x: Double) -> Double {
    func softplus(_ x: Double) -> Double { x > 30 ? x : log(1 + exp(x)) }
    func clip(_ x: Double, _ low: Double, _ high: Double) -> Double { min(max(x, low), high) }
    switch self {
    case .linear: return x
    case .relu(let cap, let slope, let threshold):
      if x < Double(threshold) { return Double(slope) * (x - Double(threshold)) }
      return cap == nil ? x : min(x, Double(cap!))
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * (exp(x) - 1)
    case .selu:
      let scale = 1.05070098735548049342
      return x > 0 ? scale * x : scale * 1.67326324235437728482 * (exp(x) - 1)
    case .celu(let alpha):
      return max(0, x) + min(0, Double(alpha) * (exp(x / Double(alpha)) - 1))
    case .sigmoid: return 1 / (1 + exp(-x))
    case .hardSigmoid(let slope): return clip(Double(slope) * x + 0.5, 0, 1)
    case .hardSiLU: return x * clip(x / 6 + 0.5, 0, 1)
    case .hardTanh: return clip(x, -1, 1)
    case .silu: return x * (1 / (1 + exp(-x)))
    case .tanh: return Foundation.tanh(x)
    case .tanhShrink: return x - Foundation.tanh(x)
    case .softplus: return softplus(x)
    case .softsign: return x / (1 + abs(x))
    case .logSigmoid: return -softplus(-x)
    case .exponential: return exp(x)
    case .gelu(let approximate):
      if approximate {
        return x / 2 * (1 + Foundation.tanh(sqrt(2 / Double.pi) * (x + 0.044715 * pow(x, 3))))
      }
      return x / 2 * (1 + erf(x / sqrt(2)))
    case .mish: return x * Foundation.tanh(softplus(x))
    case .squareplus: return (x + sqrt(x * x + 4)) / 2
    case .hardShrink: return abs(x) > 0.5 ? x : 0
    case .softShrink: return x > 0.5 ? x - 0.5 : (x < -0.5 ? x + 0.5 : 0)
    case .softmax, .logSoftmax: preconditionFailure("not a function of one element")
    }
  }
}
