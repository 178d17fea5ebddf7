package import InferenceGraph

extension MemoryError {
  /// Throws if the system cannot allocate this much memory now for the contents of a file.
  ///
  /// A failed array allocation ends a Swift program. Call this before allocating what a file
  /// determines the size of.
  ///
  /// - Parameters:
  ///   - bytes: The size of the planned allocation.
  ///   - path: The file whose contents need the memory.
  ///   - contents: A description of the contents, for example "60000 images".
  package static func check(
    _ bytes: Int, for path: String, _ contents: String
  ) throws(MemoryError) {
    guard bytes > 0, !isAvailable(bytes) else { return }
    throw MemoryError(
      bytes: bytes, for: "reading its \(contents)", about: .file(path),
      remedies: [.advice("give fewer")])
  }
}
