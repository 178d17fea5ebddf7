internal import ArgumentParser
internal import DefenseKit

/// Arguments for the execution of models and the parsing of files.
struct ExecutionArguments: ParsableArguments, Sendable {
  @Option(help: ArgumentHelp("Number of threads; default: all processors.", valueName: "n"))
  var threads: Int?

  @OptionGroup var parsing: ParsingArguments

  /// Checks the values; the commands call it.
  func check() throws(Failure) {
    if let threads, !(1...1024).contains(threads) {
      throw Failure(option: "--threads", "takes a number from 1 to 1024, not \(threads)")
    }
  }

  var options: ExecutionOptions { ExecutionOptions(threads: threads) }
}
