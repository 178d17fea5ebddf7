internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// The arguments of every command.
struct CommonArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "YAML file with options, whose keys are long option names without dashes. The command line "
        + "takes precedence. Paths in the file are relative to the current folder.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Flag(
    name: [.short, .long],
    help: "Write errors to standard error, but no progress and no warnings.")
  var quiet = false
}

extension RunnerCommand {
  /// Returns a context whose progress and warnings go to standard error, unless `--quiet` is set.
  func context(_ execution: ExecutionArguments, seed: UInt64 = 0) -> RunContext {
    RunContext(
      execution: execution.options, seed: seed, sandbox: execution.parsing.sandbox,
      progress: ProgressLine(isQuiet: common.quiet)
    ).inUserWords
  }

  /// Returns a context for a command that does not run models.
  func context(_ parsing: ParsingArguments) -> RunContext {
    RunContext(sandbox: parsing.sandbox, progress: ProgressLine(isQuiet: common.quiet)).inUserWords
  }
}

/// Returns the words of a repeated option, split at commas.
func commaSeparated(_ arguments: [String]) -> [String] {
  arguments.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
    .map { $0.trimmingCharacters(in: .whitespaces) }
}
