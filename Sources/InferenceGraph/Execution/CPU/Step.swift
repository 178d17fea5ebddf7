/// One operation of a plan with everything prepared: packed weights, offsets, places.
protocol Step: Sendable {
  /// Runs the step for one block; unsafe to call with a workspace of another plan.
  func run(_ workspace: Workspace, block: Int)
}
