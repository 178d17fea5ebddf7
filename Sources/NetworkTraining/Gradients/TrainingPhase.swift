internal import InferenceGraph

/// What is done between two moments at which all threads wait for each other.
///
/// Neither the pieces nor what they add up depends on the number of threads.
enum TrainingPhase: Sendable {
  /// Work on single blocks, in order. Blocks that share a slot run one after another, so that they
  /// can add to the slot's memory.
  case blocks([@Sendable (_ block: Int, _ slot: Int) -> Void])
  /// Independent pieces.
  case pieces(Int, @Sendable (Int) -> Void)
}
