internal import DefenseKit

/// The conditions of a run, on which its result must not depend, except for the seed.
struct Conditions: Sendable {
  var seed: UInt64 = 20
  var threads = 1
  /// The order of the clean images; nil for their own.
  var cleanOrder: [Int]?
  /// What is added to the labels of the clean images, which then only stand in for labels; nil for
  /// correct labels.
  var labelShift: Int32?
  /// The order of the images for a detector; nil for their own.
  var imageOrder: [Int]?
  /// Whether the first image is delayed, so that other threads finish before its thread.
  var isFirstLate = false
  var cancellation: Cancellation?
  var progress: any ProgressSink = SilentProgress()

  var context: RunContext {
    RunContext(
      execution: ExecutionOptions(threads: threads, cancellation: cancellation), seed: seed,
      progress: progress)
  }
}
