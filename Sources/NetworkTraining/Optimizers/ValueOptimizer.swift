internal import InferenceGraph
/// An ``Optimizer`` for an array of values, for example masks or a trigger pattern.
///
/// Moving averages are in double precision and start at zero.
public struct ValueOptimizer: Sendable {
  /// The rule that updates the values.
  public let optimizer: Optimizer
  /// The decay factor: decay * value is added to the gradient (AdamW: decay * rate * value is
  /// subtracted from the value).
  public let weightDecay: Double
  /// The moving averages: none, the velocity, or Adam's two.
  private var averages: [[Double]]
  /// beta1^steps and beta2^steps.
  private var powers = (1.0, 1.0)

  /// Creates an optimizer before its first step.
  ///
  /// - Parameters:
  ///   - optimizer: The rule that updates the values.
  ///   - count: The number of values.
  ///   - weightDecay: The decay factor, for all values.
  public init(_ optimizer: Optimizer, count: Int, weightDecay: Double = 0) {
    self.optimizer = optimizer
    self.weightDecay = weightDecay
    averages = Array(
      repeating: Array(repeating: 0, count: count), count: optimizer.slotCount)
  }

  /// Updates the values by one step.
  ///
  /// - Parameters:
  ///   - values: The values; their number must be that given at creation.
  ///   - gradient: The derivative of the minimized function with respect to each value.
  ///   - rate: The learning rate.
  public mutating func step(_ values: inout [Float], along gradient: [Float], rate: Double) {
    precondition(
      gradient.count == values.count && averages.allSatisfy { $0.count == values.count },
      "\(gradient.count) derivatives for \(values.count) values")
    switch optimizer {
    case .sgd(let momentum, let nesterov):
      for index in values.indices {
        let derivative = Double(gradient[index]) + weightDecay * Double(values[index])
        guard !averages.isEmpty else {
          values[index] -= Float(rate * derivative)
          continue
        }
        let velocity = momentum * averages[0][index] + derivative
        averages[0][index] = velocity
        values[index] -= Float(rate * (nesterov ? derivative + momentum * velocity : velocity))
      }
    case .adam(let beta1, let beta2, let epsilon):
      stepAdam(&values, gradient, rate, (beta1, beta2, epsilon), added: weightDecay, taken: 0)
    case .adamW(let beta1, let beta2, let epsilon):
      stepAdam(&values, gradient, rate, (beta1, beta2, epsilon), added: 0, taken: weightDecay)
    }
  }

  /// The moving averages start at zero; dividing by 1 - beta^t corrects the bias (Kingma and Ba
  /// 2015, algorithm 1).
  private mutating func stepAdam(
    _ values: inout [Float], _ gradient: [Float], _ rate: Double,
    _ constants: (beta1: Double, beta2: Double, epsilon: Double), added: Double, taken: Double
  ) {
    let (beta1, beta2, epsilon) = constants
    powers = (powers.0 * beta1, powers.1 * beta2)
    let (first, second) = (1 - powers.0, 1 - powers.1)
    for index in values.indices {
      let derivative = Double(gradient[index]) + added * Double(values[index])
      let mean = beta1 * averages[0][index] + (1 - beta1) * derivative
      let square = beta2 * averages[1][index] + (1 - beta2) * derivative * derivative
      averages[0][index] = mean
      averages[1][index] = square
      if taken != 0 { values[index] *= Float(1 - rate * taken) }
      values[index] -= Float(rate * (mean / first / ((square / second).squareRoot() + epsilon)))
    }
  }
}
