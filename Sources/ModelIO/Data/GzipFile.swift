import CZlib
import InferenceGraph

/// Reads gzip-compressed files.
enum GzipFile {
  /// Returns the uncompressed bytes, of which there must be exactly `count`.
  ///
  /// - Throws: ``FileError`` if the file is missing, damaged or of another length; `MemoryError` if
  ///   two copies of the bytes do not fit into memory.
  static func read(_ path: String, count: Int) throws -> [UInt8] {
    _ = try InputFile.size(of: path)
    // zlib's handle lives as long as this function.
    guard let file = unsafe gzopen(path, "rb") else {
      throw FileError(.missingInput, path: path, "cannot be opened")
    }
    defer { _ = unsafe gzclose(file) }
    try MemoryError.check(2 * count, for: path, "images")
    // One more than expected, to detect longer files.
    var bytes = [UInt8](repeating: 0, count: count + 1)
    // zlib writes at most the given length into the array, during the call only.
    let got = unsafe bytes.withUnsafeMutableBytes {
      unsafe gzread(file, $0.baseAddress, UInt32($0.count))
    }
    guard got >= 0 else {
      throw FileError(.badData, path: path, "is damaged and cannot be unpacked; install it again")
    }
    guard Int(got) == count else {
      throw FileError(
        .badData, path: path,
        "unpacks to \(Int(got) < count ? "\(got)" : "more than \(count)") bytes, where \(count) are "
          + "expected; install it again")
    }
    bytes.removeLast()
    return bytes
  }
}
