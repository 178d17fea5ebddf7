/// A step that runs once for all blocks of a group.
protocol GroupStep: Sendable {
  func run(_ workspace: Workspace)
}
