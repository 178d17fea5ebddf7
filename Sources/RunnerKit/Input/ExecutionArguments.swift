internal import ArgumentParser
internal import DefenseKit

/// How the work is run, and how files are parsed for it.
struct ExecutionArguments: ParsableArguments, Sendable {
  @Option(help: ArgumentHelp("The number of threads; all processors if not given.", valueName: "n"))
  var threads: Int?

  @OptionGroup var parsing: ParsingArguments

  /// Checks the values; the commands call it.
  func check() throws(ValidationError) {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 1024, not \(threads)")
    }
  }

  var options: ExecutionOptions { ExecutionOptions(threads: threads) }
}
