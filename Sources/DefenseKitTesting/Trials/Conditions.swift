internal import DefenseKit

/// The circumstances of a run, on which its outcome must not depend, the seed excepted.
struct Conditions: Sendable {
  var seed: UInt64 = 20
  var threads = 1
  /// The order in which the clean images come; nil: their own.
  var cleanOrder: [Int]?
  /// The order in which inspected images come; nil: their own.
  var imageOrder: [Int]?
  /// Whether the first of several threads gets its images late, so that others are done before it.
  var isFirstLate = false
  var cancellation: Cancellation?
  var progress: any ProgressSink = SilentProgress()

  var context: RunContext {
    RunContext(
      execution: ExecutionOptions(threads: threads, cancellation: cancellation), seed: seed,
      progress: progress)
  }
}
