internal import InferenceGraph

/// The learning rate's course over a training, as a factor of the base rate.
public enum LearningRateSchedule: Sendable, Hashable {
  /// The base rate all along.
  case constant
  /// Times `factor` whenever another of the given epochs begins (counted from 0).
  case step(at: [Int], factor: Double = 0.1)
  /// From the base rate to zero along half a cosine, step by step (Loshchilov and Hutter 2017).
  case cosine
  /// Up from base / 25 to the base rate during the first 30 % of all steps, then down to
  /// base / 250,000, both along cosines (Smith and Topin 2018); the momentum stays.
  case oneCycle
}
