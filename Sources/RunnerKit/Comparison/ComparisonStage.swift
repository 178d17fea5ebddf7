internal import DefenseKit

/// Units that share a model, a seed and a defense, and so share a repair.
struct ComparisonStage: Codable, Sendable {
  /// The model's index in the plan.
  var subject: Int
  var units: [ComparisonUnit]
}
