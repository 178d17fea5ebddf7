/// A command that uses the session's plugins.
protocol RunnerCommand: ExemplifiedCommand {
  var common: CommonArguments { get }
  func run(in session: Session) throws
}
