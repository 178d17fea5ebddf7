/// One kernel call of a plan, with packed weights, offsets and buffer views.
protocol Step: Sendable {
  /// Runs the step for one block. Unsafe with the workspace of another plan.
  func run(_ workspace: Workspace, block: Int)
}
