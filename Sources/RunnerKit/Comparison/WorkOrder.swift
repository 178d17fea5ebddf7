internal import DefenseKit

/// What a worker is to do: stages of one model.
struct WorkOrder: Codable, Sendable {
  var model: ModelFiles
  var stages: [ComparisonStage]
  var threads: Int
  var sandbox: Sandbox
}

extension Sandbox: Codable {}
