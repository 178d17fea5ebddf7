internal import InferenceGraph

extension FileError {
  /// Throws, of kind `.noMemory`, if the system does not give so much memory now.
  ///
  /// Where an array cannot be had, Swift ends the program; so one asks before for what a file decides
  /// the size of.
  ///
  /// - Parameters:
  ///   - bytes: What is about to be taken.
  ///   - path: The file whose contents are to lie there.
  ///   - contents: What they are, such as "60000 images".
  package static func checkMemory(
    _ bytes: Int, for path: String, _ contents: String
  ) throws(FileError) {
    guard bytes > 0 else { return }
    do {
      try MemoryError.check(bytes: bytes)
    } catch {
      throw FileError(
        .noMemory, path: path,
        "its \(contents) take \(bytes >> 20) MiB of memory, which the system does not give; give fewer "
          + "or raise the limit (ulimit -v)")
    }
  }
}
