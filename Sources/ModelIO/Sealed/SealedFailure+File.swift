#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension FileError {
  /// Converts a parser's failure to an error about the file.
  ///
  /// - Parameters:
  ///   - location: The object in the file that was being read.
  ///   - library: The name of the parsing library.
  init(
    _ error: any Error, reading file: FileDescriptor, at location: String = "",
    with library: String = "libhdf5"
  ) {
    func refused(_ rule: Finding.Rule, _ message: String) -> FileError {
      FileError(refused: Finding(rule, at: location, message), path: file.path)
    }
    self =
      switch error {
      case let error as FileError: error
      case SealedFailure.tooSlow:
        refused(.parserLimit, "takes too long to read; the reader was stopped")
      case SealedFailure.ended(SIGKILL), SealedFailure.ended(SIGXCPU):
        refused(.parserLimit, "takes too much memory or time to read")
      case SealedFailure.ended(SIGSYS):
        refused(
          .parserCrash,
          "makes \(library) try what a reader never does; its sealed process was ended"
        )
      case SealedFailure.ended(SIGBUS) where file.hasShrunk:
        FileError(.badData, path: file.path, "became shorter while it was read; try again")
      case SealedFailure.ended(let signal) where signal != 0:
        refused(
          .parserCrash,
          "crashes \(library) (signal \(signal)), in a process of its own; do not open it elsewhere"
        )
      case SealedFailure.lost:
        FileError(
          .missingInput, path: file.path, "cannot be read, because its process was ended; try again"
        )
      default: refused(.parserAnswer, "made the process that reads it give an invalid answer")
      }
  }
}
