internal import ArgumentParser
public import DefenseKit
private import Foundation

/// A command-line program that composes runs from a list of plugins.
///
/// The whole of such a program:
///
/// ```swift
/// import MyDetector
/// import RunnerKit
/// import StandardPlugins
///
/// try Runner(plugins: standardPlugins + [MyDetector.self]).main()
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
  /// - Returns: The exit status: 0, 1 for an inspection's findings, 2 for a comparison of which units failed for good, or one of
  ///   `sysexits.h`: 64 wrong usage, 65 unusable data, 66 missing input, 69 a sandbox that the system lacks, 70 a mistake in the
  ///   program, 71 too little memory, 73 output that cannot be created, 74 output that cannot be written, 75 a comparison to go on
  ///   with; 141 if the reader of standard output has gone away.
  public func run(_ arguments: [String]) -> Int32 {
    // A closed pipe must come back as an error of `write`, not kill the process.
    signal(SIGPIPE, SIG_IGN)
    // And so must a file that may not grow further.
    signal(SIGXFSZ, SIG_IGN)
    // Where it is ignored, the system tells nobody how a child has ended.
    signal(SIGCHLD, SIG_DFL)
    if arguments == [ComparisonWorker.word] { return ComparisonWorker.run(plugins) }
    var config: ConfigFile?
    do {
      do {
        let answer = try Completion.$plugins.withValue(plugins) { () throws(Failure) in
          try Completion.answer(to: arguments)
        }
        if let answer {
          try StandardOutput.write(answer)
          return 0
        }
        config = try ConfigFile.named(in: arguments)
        let command = try parse(config?.arguments ?? arguments)
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
      let placed = config?.placed(failure) ?? failure
      if let message = placed.message {
        StandardError.write("\(Style.errors.red("\(programName):")) \(message)\n")
      }
      return failure.status
    }
  }
}

extension Runner {
  /// Reads the arguments; says how to get help where the parser's own words do not help.
  private func parse(_ arguments: [String]) throws -> any ParsableCommand {
    // The parser takes an unknown command for an argument of the default one, and helps with none.
    if let first = arguments.first, !first.hasPrefix("-") {
      let commands = RootCommand.configuration.subcommands.map { $0._commandName }
      if first == "help" {
        _ = try CommandInfo.root().command(in: arguments.dropFirst().filter { !$0.hasPrefix("-") })
      } else if !commands.contains(first) {
        throw try CommandInfo.root().unknown(first)
      }
    }
    do {
      return try RootCommand.parseAsRoot(arguments)
    } catch  where RootCommand.exitCode(for: error) == .validationFailure {
      let (command, words) = try CommandInfo.root().command(in: arguments)
      let given = GivenOptions(arguments.dropFirst(words), of: command)
      if let failure = given.badChoice(for: command) { throw failure }
      let text = given.unknownOption(for: command) ?? RootCommand.message(for: error)
      if text.hasSuffix("?") { throw Failure(Failure.usage, text) }
      throw Failure(
        Failure.usage,
        "\(text.hasSuffix(".") ? String(text.dropLast()) : text); see '\(programName) "
          + "\(command.path) --help'")
    }
  }
}
