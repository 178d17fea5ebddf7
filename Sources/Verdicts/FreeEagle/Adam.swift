/// Adam on an array (Kingma and Ba 2015), with decay added to the gradient.
struct Adam {
  private let rate: Double
  private let decay: Double
  private var means: [Double]
  private var squares: [Double]
  private var steps = 0

  init(count: Int, rate: Double, decay: Double) {
    self.rate = rate
    self.decay = decay
    means = Array(repeating: 0, count: count)
    squares = means
  }

  /// Moves the values by one step.
  mutating func step(_ values: inout [Float], along gradient: [Float]) {
    steps += 1
    let (beta1, beta2) = (0.9, 0.999)
    let first = 1 - power(beta1, steps)
    let second = 1 - power(beta2, steps)
    for index in values.indices {
      let slope = Double(gradient[index]) + decay * Double(values[index])
      means[index] = beta1 * means[index] + (1 - beta1) * slope
      squares[index] = beta2 * squares[index] + (1 - beta2) * slope * slope
      let change = means[index] / first / ((squares[index] / second).squareRoot() + 1e-8)
      values[index] -= Float(rate * change)
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
