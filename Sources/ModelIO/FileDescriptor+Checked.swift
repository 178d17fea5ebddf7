import InferenceGraph

extension FileDescriptor {
  /// Returns `count` bytes of the file, starting at `offset`.
  ///
  /// - Throws: ``FileError`` if the file ends first, or reading fails.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw FileError(.badData, path: path, "ends too early; copy it again")
    }
    return try bytes(in: offset..<offset + count)
  }

  /// Throws unless the system can allocate this much memory now.
  ///
  /// - Parameter contents: What takes the memory, as the subject of a sentence.
  func checkMemory(_ bytes: Int, _ contents: String) throws(FileError) {
    guard bytes > 1 << 20, !MemoryError.isAvailable(bytes) else { return }
    throw FileError(
      .unavailable, path: path,
      "\(contents) takes \(bytes >> 20) MiB, more than the system has free; give fewer images")
  }
}
