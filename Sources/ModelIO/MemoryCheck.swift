internal import InferenceGraph

extension FileError {
  /// Throws an error of kind `.noMemory` if the system cannot allocate this much memory now.
  ///
  /// A failed array allocation ends a Swift program. Call this before allocating what a file
  /// determines the size of.
  ///
  /// - Parameters:
  ///   - bytes: The size of the planned allocation.
  ///   - path: The file whose contents need the memory.
  ///   - contents: A description of the contents, for example "60000 images".
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
