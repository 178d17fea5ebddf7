internal import DefenseKit

/// Units that share a model, a seed and a defense, and so the model's repair.
struct ComparisonStage: Codable, Sendable {
  /// The position of the model in the plan.
  var subject: Int
  var units: [ComparisonUnit]
}
