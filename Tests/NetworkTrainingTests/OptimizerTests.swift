import ReferenceInference
import Testing

@testable import InferenceGraph
@testable import NetworkTraining

/// Steps worked out by hand on a dense layer of one weight, which decays, and one bias, which doesn't.
@Suite struct OptimizerTests {
  private final class Bench {
    let parameters: Parameters
    let update: WeightUpdate

    init(
      _ optimizer: Optimizer, kernel: [Float] = [1], bias: Float = 1, weightDecay: Double = 0,
      clipping: Double? = nil, threads: Int = 1
    ) throws {
      var graph = try Graph(inputShape: [kernel.count])
      try graph.append(
        "dense",
        .dense(
          Dense(
            kernel: Tensor(shape: [kernel.count, 1], values: kernel),
            bias: Tensor(shape: [1], values: [bias]))), inputs: [0])
      parameters = Parameters(graph)
      update = WeightUpdate(
        parameters, optimizer, weightDecay: weightDecay, clipping: clipping, threads: threads)
    }

    func step(_ kernel: [Float], _ bias: Float = 0, rate: Double = 0.1) -> Bool {
      parameters.unpack(kernel + [bias], into: parameters.gradient)
      return update.step(rate: rate)
    }

    var weights: [Float] { parameters.packed(parameters.weights) }
  }

  private func expect(
    _ bench: Bench, _ values: [Double], _ location: SourceLocation = #_sourceLocation
  ) {
    let got = bench.weights
    #expect(got.count == values.count, sourceLocation: location)
    for (value, right) in zip(got, values) {
      #expect(
        abs(Double(value) - right) < 2e-7 * max(1, abs(right)), "\(value) for \(right)",
        sourceLocation: location)
    }
  }

  @Test func plainDescent() throws {
    let bench = try Bench(.sgd(momentum: 0))
    #expect(bench.update.slots.isEmpty)
    #expect(bench.step([0.5], 2))
    expect(bench, [1 - 0.1 * 0.5, 1 - 0.1 * 2])
    #expect(bench.step([-1], 0, rate: 0.2))
    expect(bench, [0.95 + 0.2, 0.8])
  }

  /// v: 0.5; 0.9 * 0.5 - 1 = -0.55; 0.9 * -0.55 = -0.495.
  @Test func momentum() throws {
    let bench = try Bench(.sgd(momentum: 0.9))
    #expect(bench.step([0.5]))
    expect(bench, [0.95, 1])
    #expect(bench.step([-1]))
    expect(bench, [0.95 + 0.055, 1])
    #expect(bench.step([0]))
    expect(bench, [1.005 + 0.0495, 1])
  }

  /// The same velocities; the weight goes by g + 0.9 v: 0.95; -1 - 0.495 = -1.495; -0.4455.
  @Test func nesterovsMomentum() throws {
    let bench = try Bench(.sgd(momentum: 0.9, nesterov: true))
    #expect(bench.step([0.5]))
    expect(bench, [1 - 0.095, 1])
    #expect(bench.step([-1]))
    expect(bench, [0.905 + 0.1495, 1])
    #expect(bench.step([0]))
    expect(bench, [1.0545 + 0.04455, 1])
  }

  /// Decay 0.1 makes the kernel's gradients 0.5 + 0.1 * 1 = 0.6, so v = 0.6, w = 0.94; then
  /// 0 + 0.1 * 0.94 = 0.094, so v = 0.54 + 0.094 = 0.634, w = 0.94 - 0.0634. The bias has 0.5, 0.45.
  @Test func decayEntersTheGradient() throws {
    let bench = try Bench(.sgd(momentum: 0.9), weightDecay: 0.1)
    #expect(bench.step([0.5], 0.5))
    expect(bench, [0.94, 0.95])
    #expect(bench.step([0], 0))
    expect(bench, [0.8766, 0.95 - 0.045])
  }

  /// Step 1, g = 2: m = 1, v = 1; corrected 1 / 0.5 = 2 and 1 / 0.25 = 4: w -= 0.1 * 2 / (2 + 1).
  /// Step 2, g = 0: m = 0.5, v = 0.75; corrected 0.5 / 0.75 and 0.75 / 0.4375:
  /// w -= 0.1 * 0.66667 / (1.30931 + 1). Epsilon stands outside the root and after the correction.
  @Test func adam() throws {
    let bench = try Bench(.adam(beta1: 0.5, beta2: 0.75, epsilon: 1))
    #expect(bench.step([2], -2))
    expect(bench, [1 - 0.2 / 3, 1 + 0.2 / 3])
    #expect(bench.step([0]))
    let second = 0.1 * (0.5 / 0.75) / ((0.75 / 0.4375).squareRoot() + 1)
    #expect(abs(second - 0.0288687) < 1e-7)
    expect(bench, [1 - 0.2 / 3 - second, 1 + 0.2 / 3 + second])
  }

  /// With the usual constants the first step is the rate, whatever the gradient's size.
  @Test func adamsFirstStepIsTheRate() throws {
    for size in [Float(1e-3), 1, 1e3] {
      let bench = try Bench(.adam())
      #expect(bench.step([size], -size, rate: 0.01))
      for (value, right) in zip(bench.weights, [0.99, 1.01]) {
        #expect(abs(Double(value) - right) < 2e-6)
      }
    }
  }

  /// Coupled: g = 2 + 0.5 * 1 = 2.5 gives 2.5 / (2.5 + 1). Decoupled: the weight shrinks by
  /// 1 - 0.1 * 0.5 and then goes as without decay. The bias does neither.
  @Test func decayWithAdamAndAdamW() throws {
    let coupled = try Bench(.adam(beta1: 0.5, beta2: 0.75, epsilon: 1), weightDecay: 0.5)
    #expect(coupled.step([2], 2))
    expect(coupled, [1 - 0.25 / 3.5, 1 - 0.2 / 3])
    let decoupled = try Bench(.adamW(beta1: 0.5, beta2: 0.75, epsilon: 1), weightDecay: 0.5)
    #expect(decoupled.step([2], 2))
    expect(decoupled, [0.95 - 0.2 / 3, 1 - 0.2 / 3])
    #expect(decoupled.step([0], 0))
    let second = 0.1 * (0.5 / 0.75) / ((0.75 / 0.4375).squareRoot() + 1)
    expect(decoupled, [(0.95 - 0.2 / 3) * 0.95 - second, 1 - 0.2 / 3 - second])
  }

  /// The norm of (3, 4, 12) is 13, over kernel and bias together.
  @Test func clippingScalesTheWholeGradient() throws {
    let clipped = try Bench(.sgd(momentum: 0), kernel: [1, 1], clipping: 6.5)
    #expect(clipped.step([3, 4], 12))
    expect(clipped, [1 - 0.15, 1 - 0.2, 1 - 0.6])
    for clipping: Double? in [13, 100, nil] {
      let free = try Bench(.sgd(momentum: 0), kernel: [1, 1], clipping: clipping)
      #expect(free.step([3, 4], 12))
      expect(free, [0.7, 0.6, -0.2])
    }
  }

  static let all: [Optimizer] = [
    .sgd(momentum: 0), .sgd(), .sgd(nesterov: true), .adam(), .adamW(),
  ]

  @Test(arguments: all)
  func whatIsZeroWithoutGradientStaysZero(optimizer: Optimizer) throws {
    let bench = try Bench(optimizer, kernel: [1, 0, -1], weightDecay: 0.3, clipping: 1)
    for step in 0..<50 { #expect(bench.step([Float(step), 0, 3], 2)) }
    #expect(bench.weights[1].bitPattern == 0)
    #expect(bench.weights[0] != 1 && bench.weights[2] != -1)
    // What lies between tensors, too.
    let inside = Set(bench.parameters.segments.flatMap { $0.range })
    for index in 0..<bench.parameters.weights.count where !inside.contains(index) {
      #expect(unsafe bench.parameters.weights.pointer[index] == 0)
    }
  }

  @Test(arguments: all)
  func whatIsNotFiniteIsNoted(optimizer: Optimizer) throws {
    for bad in [Float.nan, .infinity, -.infinity] {
      for place in 0..<20 {
        var gradient = [Float](repeating: 1, count: 20)
        gradient[place] = bad
        let bench = try Bench(optimizer, kernel: [Float](repeating: 1, count: 20))
        #expect(bench.step([Float](repeating: 1, count: 20), 1))
        #expect(!bench.step(gradient, 1))
      }
      let bench = try Bench(optimizer)
      #expect(!bench.step([1], bad))
    }
  }

  /// The square of 1e30 is infinite as a 32-bit float; with it in the average Adam would never change
  /// the weight again.
  @Test func squaresThatOverflowAreNoted() throws {
    for optimizer in Self.all {
      let isAdam = if case .sgd = optimizer { false } else { true }
      #expect(try Bench(optimizer).step([1e30], 1, rate: 1e-5) == !isAdam)
      #expect(try Bench(optimizer, clipping: 1).step([1e30], 1, rate: 1e-5))
    }
  }

  @Test func statisticsThatAreNotFiniteAreNoted() throws {
    var net = try NetworkBuilder([2, 2, 3])
    try net.normalize("bn")
    let parameters = Parameters(net.graph)
    let update = WeightUpdate(parameters, .sgd())
    #expect(update.step(rate: 0.1))
    let variance = try #require(parameters.segments.first { $0.role == .movingVariance })
    unsafe parameters.weights.pointer[variance.range.lowerBound + 2] = .infinity
    #expect(!update.step(rate: 0.1))
  }

  /// Against plain loops in double precision, with as many weights as are split over threads; and
  /// the same bits for any number of them.
  @Test(arguments: all)
  func manyWeightsOnAnyNumberOfThreads(optimizer: Optimizer) throws {
    var random = SplitMix64(seed: 5)
    let count = (1 << 18) + 77
    let start = random.floats(count)
    let gradients = [random.floats(count), random.floats(count)]
    let (rate, decay, clipping) = (0.05, 0.1, 100.0)
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      let bench = try Bench(
        optimizer, kernel: start, weightDecay: decay, clipping: clipping, threads: threads)
      for gradient in gradients { #expect(bench.step(gradient, 1, rate: rate)) }
      results.append(bench.weights)
    }
    #expect(results[0] == results[1] && results[0] == results[2])

    let norms = gradients.map {
      $0.reduce(1) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    #expect(norms.allSatisfy { $0 > clipping })
    for index in stride(from: 0, to: count, by: 1001) {
      var w = Double(start[index])
      var (v, square) = (0.0, 0.0)
      for (step, gradient) in gradients.enumerated() {
        var g = Double(gradient[index]) * clipping / norms[step]
        switch optimizer {
        case .sgd(let momentum, let nesterov):
          g += decay * w
          v = momentum * v + g
          w -= rate * (nesterov ? g + momentum * v : v)
        case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
          if case .adam = optimizer { g += decay * w } else { w -= rate * decay * w }
          v = beta1 * v + (1 - beta1) * g
          square = beta2 * square + (1 - beta2) * g * g
          let (a, b) = step == 0 ? (beta1, beta2) : (beta1 * beta1, beta2 * beta2)
          w -= rate * (v / (1 - a)) / ((square / (1 - b)).squareRoot() + epsilon)
        }
      }
      #expect(abs(Double(results[0][index]) - w) < 1e-5, "weight \(index)")
    }
  }
}
