/// An operation that is run once for all blocks of a group.
protocol GroupStep: Sendable {
  func run(_ workspace: Workspace)
}
