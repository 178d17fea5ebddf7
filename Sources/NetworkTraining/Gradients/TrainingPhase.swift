internal import InferenceGraph

/// The work between two points at which all threads wait for each other.
///
/// The pieces and the order of their sums do not depend on the number of threads.
enum TrainingPhase: Sendable {
  /// Work on single blocks, in order. Blocks of the same slot run one after another, so that they
  /// can add to the slot's memory.
  case blocks([@Sendable (_ block: Int, _ slot: Int) -> Void])
  /// Independent pieces.
  case pieces(Int, @Sendable (Int) -> Void)
}
