internal import InferenceGraph
internal import Foundation

extension LearningRateSchedule {
  /// Returns the factor of the base rate for a step.
  ///
  /// - Parameters:
  ///   - step: The step, counted from 0 over all epochs.
  ///   - stepsPerEpoch: The number of steps in each epoch.
  ///   - epochs: The number of epochs.
  func factor(step: Int, stepsPerEpoch: Int, epochs: Int) -> Double {
    let all = stepsPerEpoch * epochs
    switch self {
    case .constant: return 1
    case .step(let starts, let factor):
      let begun = starts.count { $0 <= step / stepsPerEpoch }
      return (0..<begun).reduce(1) { product, _ in product * factor }
    case .cosine: return Self.cosine(from: 1, to: 0, Double(step) / Double(all))
    case .oneCycle:
      // As in PyTorch, the first and the last step have exactly the rates at the ends.
      let last = Double(all - 1)
      let peak = max(0, 0.3 * Double(all) - 1)
      let now = Double(step)
      if now < peak { return Self.cosine(from: 1.0 / 25, to: 1, now / peak) }
      // With three steps or fewer there is no warm-up.
      return Self.cosine(from: 1, to: 1.0 / 250_000, last > peak ? (now - peak) / (last - peak) : 0)
    }
  }

  /// Returns the value at a fraction of half a cosine.
  private static func cosine(from start: Double, to end: Double, _ part: Double) -> Double {
    end + (start - end) * (1 + cos(.pi * part)) / 2
  }
}
