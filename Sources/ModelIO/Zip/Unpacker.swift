import Synchronization

/// Unpacks deflated parts of a file, in a sealed process if the system has one.
final class Unpacker: Sendable {
  private let content: FileDescriptor
  private let sandbox: Sandbox
  /// The process that unpacks, started for the first part.
  private let process = Mutex<SealedProcess?>(nil)

  init(_ content: FileDescriptor, sandbox: Sandbox) {
    self.content = content
    self.sandbox = sandbox
  }

  /// Unpacks the first `count` bytes of a part, piece by piece.
  ///
  /// - Parameters:
  ///   - packed: The deflated bytes, which lie in the file.
  ///   - name: The part's name in messages.
  ///   - deliver: Receives one piece after another.
  /// - Returns: Whether the part could be unpacked; it is damaged otherwise.
  /// - Throws: ``FileError`` if the process fails, or `deliver` does.
  func unpack(
    _ packed: Range<Int>, count: Int, name: String,
    deliver: ([UInt8]) throws(FileError) -> Void
  ) throws(FileError) -> Bool {
    do {
      let result = try process.withLock { process -> Bool? in
        if process == nil { process = try SealedProcess.start(for: content, sandbox) }
        guard let process else { return nil }
        try process.send(.inflate, [packed.lowerBound, packed.count, count, 0])
        var done = 0
        while done < count {
          let length = try process.receiveNumber()
          if length == SealedRequest.failed { return false }
          guard length > 0, length <= UInt64(min(count - done, Inflater.pieceSize)) else {
            throw SealedFailure.invalidAnswer
          }
          try deliver(try process.receive(count: Int(length)))
          done += Int(length)
        }
        return true
      }
      if let result { return result }
    } catch {
      // The rest of the answer may still be in the channel.
      process.withLock { $0 = nil }
      throw FileError(error, reading: content, at: name, with: "zlib")
    }
    let bytes = try content.bytes(at: packed.lowerBound, count: packed.count)
    var failure: FileError?
    // zlib only reads the packed bytes; each piece is copied during the call.
    let isUnpacked = unsafe bytes.withUnsafeBytes { bytes in
      unsafe Inflater.unpack(bytes, count: count) { piece in
        do throws(FileError) {
          unsafe try deliver(Array(piece))
        } catch {
          failure = error
        }
        return failure == nil
      }
    }
    if let failure { throw failure }
    return isUnpacked
  }

  /// Returns the first `count` bytes of a part; nil if it is damaged.
  ///
  /// - Throws: ``FileError`` if the process fails.
  func bytes(of packed: Range<Int>, count: Int, name: String) throws(FileError) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    return try unpack(packed, count: count, name: name) { bytes += $0 } ? bytes : nil
  }

  /// Returns a part as a file without a name; nil if it is damaged or has another checksum.
  ///
  /// - Throws: ``FileError`` if the process fails, or memory is insufficient.
  func file(
    of packed: Range<Int>, count: Int, checksum: UInt32, name: String
  ) throws(FileError) -> FileDescriptor? {
    var isWhole = false
    let file = try UnnamedFile.make(for: content.path) { append throws(FileError) in
      var sum: UInt32 = 0
      let isUnpacked = try unpack(packed, count: count, name: name) { piece throws(FileError) in
        // The piece is only read.
        sum = unsafe piece.withUnsafeBytes { unsafe Inflater.checksum($0, after: sum) }
        try append(piece)
      }
      isWhole = isUnpacked && sum == checksum
    }
    return isWhole ? file : nil
  }
}
