internal import ArgumentParser
public import DefenseKit
private import Foundation

/// A command-line program that composes runs from a list of plugins.
///
/// The whole of such a program:
///
/// ```swift
/// import FinePruning
/// import RunnerKit
///
/// try Runner(plugins: [FinePruning.self, MyDetector.self]).main()
/// ```
public struct Runner: Sendable {
  /// The plugins that can be named.
  public let plugins: PluginSet

  /// Creates the program.
  ///
  /// - Throws: `PluginError` if two plugins have the same name.
  public init(plugins: [any Plugin.Type]) throws(PluginError) {
    self.plugins = try PluginSet(plugins)
  }

  /// Does what the command line says and ends the process with the exit status.
  ///
  /// SIGINT, SIGTERM and SIGHUP end it at once, with nothing half done left; so does a reader that
  /// has gone away, by SIGPIPE.
  public func main() -> Never {
    StandardStreams.occupy()
    Sandbox.prepare()
    EndingSignals.handle()
    let status = run(Array(CommandLine.arguments.dropFirst()))
    Sandbox.end()
    if status == 128 + SIGPIPE { EndingSignals.end(by: SIGPIPE) }
    // Without the libraries' own ways of ending: where memory is short, OpenBLAS waits for ever for a
    // thread that waits for memory.
    _exit(status)
  }

  /// Does what the arguments say.
  ///
  /// Results go to standard output; progress, warnings and one line for an error to standard
  /// error.
  /// - Returns: The exit status: 0, 1 for an inspection's findings, or one of `sysexits.h`: 64 wrong usage, 65 unusable data, 66
  ///   missing input, 69 a sandbox that the system lacks, 70 a mistake in the program, 71 too little
  ///   memory, 73 output that cannot be created, 74 output
  ///   that cannot be written; 141 if the reader of standard output has gone away.
  public func run(_ arguments: [String]) -> Int32 {
    // A closed pipe must come back as an error of `write`, not kill the process.
    signal(SIGPIPE, SIG_IGN)
    // And so must a file that may not grow further.
    signal(SIGXFSZ, SIG_IGN)
    if arguments == [ComparisonWorker.word] { return ComparisonWorker.run(plugins) }
    do {
      do {
        let command = try parse(arguments)
        guard let command = command as? any RunnerCommand else {
          var other = command
          try other.run()
          return 0
        }
        try command.run(in: Session(plugins: plugins, arguments: arguments))
      } catch  where RootCommand.exitCode(for: error) == .success {
        // Asking for help ends the parser with an error whose message is the answer.
        try StandardOutput.write(RootCommand.fullMessage(for: error) + "\n")
      }
      return 0
    } catch {
      let failure = Failure(error)
      if let message = failure.message { StandardError.write("\(programName): \(message)\n") }
      return failure.status
    }
  }
}

extension Runner {
  /// Reads the arguments; says how to get help where the parser's own words do not help.
  private func parse(_ arguments: [String]) throws -> any ParsableCommand {
    let commands = RootCommand.configuration.subcommands.map { $0._commandName } + ["help"]
    // The parser takes an unknown command for an argument of the default one.
    if let first = arguments.first, !first.hasPrefix("-"), !commands.contains(first) {
      let near = nearestName(to: first, among: commands).map { "; did you mean '\($0)'?" } ?? ""
      throw Failure(
        Failure.usage,
        "there is no command '\(first)'\(near) (commands: \(commands.joined(separator: ", ")))")
    }
    do {
      return try RootCommand.parseAsRoot(arguments)
    } catch  where RootCommand.exitCode(for: error) == .validationFailure {
      let text = RootCommand.message(for: error)
      if text.hasSuffix("?") { throw Failure(Failure.usage, text) }
      let command = arguments.first { commands.contains($0) } ?? "run"
      throw Failure(
        Failure.usage,
        "\(text.hasSuffix(".") ? String(text.dropLast()) : text); see '\(programName) \(command) "
          + "--help'")
    }
  }
}

/// What a command needs beside its arguments.
struct Session: Sendable {
  let plugins: PluginSet
  /// The arguments that the program was given.
  let arguments: [String]
}

/// A command that runs with the session's plugins.
protocol RunnerCommand: ParsableCommand {
  func run(in session: Session) throws
}

/// The name that the program was called by.
var programName: String {
  CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "runner"
}

/// The command that all others belong to.
struct RootCommand: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: programName,
      abstract: "Defends neural-network classifiers against backdoors.",
      discussion: """
        Without files, a small backdoored network that comes with the program is defended:

          \(programName) --defense fine-pruning --detector goodnet

        Options without a command are those of 'run': see '\(programName) run --help'.
        """,
      version: "\(programName) \(defenseKitVersion)",
      subcommands: [
        RunCommand.self, ListCommand.self, InspectCommand.self, EvaluateCommand.self,
        PredictCommand.self, AttackCommand.self, TriggerCommand.self, CompareCommand.self,
        MergeCommand.self, NewCommand.self,
      ], defaultSubcommand: RunCommand.self)
  }
}
