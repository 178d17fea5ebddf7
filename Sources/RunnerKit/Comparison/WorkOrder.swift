internal import DefenseKit

/// The work for one worker: stages of one model.
struct WorkOrder: Codable, Sendable {
  var model: ModelFiles
  var stages: [ComparisonStage]
  var threads: Int
  var sandbox: Sandbox
}

extension Sandbox: Codable {}
