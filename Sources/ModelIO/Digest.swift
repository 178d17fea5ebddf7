import CCrypto

/// Returns the SHA-256 of a file's bytes as 64 hexadecimal digits.
///
/// The file is read in pieces of 1 MiB.
///
/// - Throws: ``FileError`` if the file cannot be read.
public func sha256(ofFile path: String) throws(FileError) -> String {
  try sha256(of: FileDescriptor(path))
}

/// Returns the SHA-256 of an open file's bytes as 64 hexadecimal digits.
///
/// - Throws: ``FileError`` if the file cannot be read, or has become shorter.
func sha256(of file: FileDescriptor) throws(FileError) -> String {
  // libcrypto's context lives as long as this function and is not shared.
  let context = unsafe EVP_MD_CTX_new()
  defer { unsafe EVP_MD_CTX_free(context) }
  guard unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
    throw FileError(.missingInput, path: file.path, "libcrypto offers no SHA-256")
  }
  var buffer = [UInt8](repeating: 0, count: min(1 << 20, max(1, file.size)))
  for offset in stride(from: 0, to: file.size, by: buffer.count) {
    let count = min(buffer.count, file.size - offset)
    // pread(2) and libcrypto use the buffer during the call only. The error leaves through the
    // result, because the closure cannot rethrow it typed.
    let result: Result<Void, FileError> = unsafe buffer.withUnsafeMutableBytes { bytes in
      do throws(FileError) {
        try unsafe file.read(at: offset, into: .init(rebasing: bytes[..<count]))
        _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, count)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
  return unsafe finish(context)
}

/// Returns the SHA-256 of bytes in memory as 64 hexadecimal digits.
public func sha256(of bytes: [UInt8]) -> String {
  // As above: the context is local, the bytes are only read.
  let context = unsafe EVP_MD_CTX_new()
  defer { unsafe EVP_MD_CTX_free(context) }
  unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
  unsafe bytes.withUnsafeBytes { _ = unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  return unsafe finish(context)
}

/// Returns the context's digest as 64 hexadecimal digits.
@unsafe private func finish(_ context: OpaquePointer?) -> String {
  var digest = [UInt8](repeating: 0, count: 32)
  unsafe EVP_DigestFinal_ex(context, &digest, nil)
  let digits = Array("0123456789abcdef")
  return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
