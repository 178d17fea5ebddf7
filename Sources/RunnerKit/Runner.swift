internal import ArgumentParser
public import DefenseKit
private import Foundation

/// A command-line program for a list of plugins.
///
/// A complete program:
///
/// ```swift
/// import MyDetector
/// import RunnerKit
/// import StandardPlugins
///
/// try Runner(plugins: standardPlugins + [MyDetector.self]).main()
/// ```
public struct Runner: Sendable {
  /// The plugins that commands can name.
  public let plugins: PluginSet

  /// Creates a program.
  ///
  /// - Throws: `PluginError` if two plugins have the same name.
  public init(plugins: [any Plugin.Type]) throws(PluginError) {
    self.plugins = try PluginSet(plugins)
  }

  /// Runs the command on the command line and ends the process with its exit status.
  ///
  /// SIGINT, SIGTERM and SIGHUP end the process without partial output. If the reader of standard
  /// output has closed it, the process ends by SIGPIPE.
  public func main() -> Never {
    StandardStreams.occupy()
    Sandbox.prepare()
    EndingSignals.handle()
    let status = run(Array(CommandLine.arguments.dropFirst()))
    Sandbox.end()
    if status == 128 + SIGPIPE { EndingSignals.end(by: SIGPIPE) }
    // `exit` would run the libraries' exit handlers: if memory is short, OpenBLAS waits forever for
    // a thread that waits for memory.
    _exit(status)
  }

  /// Runs the command that the arguments name.
  ///
  /// Results go to standard output; progress, warnings and one line for an error go to standard
  /// error.
  ///
  /// - Returns: The exit status: 0 for success; 1 for findings or a model with a backdoor; 2 for a
  ///   comparison with permanently failed units; 141 if the reader of standard output has closed
  ///   it; or one of `sysexits.h`: 64 wrong usage, 65 unusable data, 66 missing input, 69 a missing
  ///   sandbox, 70 a mistake in the program, 71 too little memory or another resource, 73 output
  ///   that cannot be created, 74 output that cannot be written, 75 an unfinished comparison.
  public func run(_ arguments: [String]) -> Int32 {
    // Makes a closed pipe an error of `write` instead of killing the process.
    signal(SIGPIPE, SIG_IGN)
    // Likewise for a file that has reached its size limit.
    signal(SIGXFSZ, SIG_IGN)
    // If SIGCHLD is ignored, the system discards the exit statuses of child processes.
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
        // A request for help ends the parser with an error whose message is the answer.
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
  /// Parses the arguments; errors say how to get help.
  private func parse(_ arguments: [String]) throws -> any ParsableCommand {
    // The parser would treat an unknown command as an argument of the default command.
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
      let subject = GivenOptions.subject(ofParserMessage: text, for: command)
      if text.hasSuffix("?") { throw Failure(Failure.usage, text, about: subject) }
      throw Failure(
        Failure.usage,
        "\(text.hasSuffix(".") ? String(text.dropLast()) : text); see '\(programName) "
          + "\(command.path) --help'", about: subject)
    }
  }
}
