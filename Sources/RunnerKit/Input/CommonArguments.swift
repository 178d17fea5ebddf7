internal import ArgumentParser
internal import DefenseKit

/// What every command takes.
struct CommonArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "A YAML file with options, whose keys are their names without dashes; what is on the command "
        + "line goes on top. Paths in it are relative to the current folder.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Flag(
    name: [.short, .long],
    help: "Write neither progress nor warnings to standard error, errors alone.")
  var quiet = false
}

extension RunnerCommand {
  /// A context whose progress and warnings go to standard error, unless it is to be quiet.
  func context(
    threads: Int? = nil, seed: UInt64 = 0, sandbox: Sandbox = .auto
  ) -> RunContext {
    RunContext(
      execution: ExecutionOptions(threads: threads), seed: seed, sandbox: sandbox,
      progress: ProgressLine(isQuiet: common.quiet))
  }
}
