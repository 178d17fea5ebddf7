internal import InferenceGraph

/// The learning rate over a training, as a factor of the base rate.
public enum LearningRateSchedule: Sendable, Hashable {
  /// The base rate in all steps.
  case constant
  /// Multiplies the rate by `factor` at the start of each given epoch (counted from 0).
  case step(at: [Int], factor: Double = 0.1)
  /// Decreases the rate from the base rate to zero along half a cosine, step by step (Loshchilov
  /// and Hutter 2017).
  case cosine
  /// Increases the rate from base / 25 to the base rate during the first 30 % of all steps, then
  /// decreases it to base / 250,000, both along cosines (Smith and Topin 2018). The momentum stays
  /// constant.
  case oneCycle
}
