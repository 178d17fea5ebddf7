import InferenceGraph
import Synchronization

/// A zip archive open for reading; deflated members are unpacked in a sealed process.
final class ZipArchive: Sendable {
  /// The file.
  let content: FileDescriptor
  /// The members, in the order of their place in the file.
  let members: [ZipMember]
  /// The bytes of the file that no member accounts for.
  let hidden: [Range<Int>]
  private let sandbox: Sandbox
  /// The process that unpacks, started for the first deflated member.
  private let process = Mutex<SealedProcess?>(nil)

  /// Opens an archive.
  ///
  /// - Throws: ``FileError`` if the file is no zip archive, damaged or refused.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    self.sandbox = sandbox
    func read(_ offset: Int, _ count: Int) throws(FileError) -> [UInt8] {
      try content.bytes(at: offset, count: count)
    }
    do {
      let directory = try ZipDirectory(fileSize: content.size, read: read)
      members = try directory.members(read: read)
      hidden = directory.hidden(besides: members)
    } catch let error as FileError {
      throw error
    } catch let refusal as ZipDirectory.Refusal {
      throw FileError(.badData, path: content.path, refusal.problem)
    } catch {
      throw FileError(.badData, path: content.path, ZipDirectory.Refusal.damaged.problem)
    }
  }

  /// Returns the first `limit` bytes of a member, or all if it has fewer.
  ///
  /// - Throws: ``FileError`` if it cannot be unpacked, its checksum is wrong where all of it is
  ///   read, or memory is insufficient.
  func bytes(of member: ZipMember, limit: Int = .max) throws(FileError) -> [UInt8] {
    let count = min(member.size, limit)
    try content.checkMemory(count, "its member '\(abbreviated(member.name))'")
    if !member.isDeflated {
      let bytes = try content.bytes(at: member.offset, count: count)
      if count == member.size { try check(bytes, of: member) }
      return bytes
    }
    let bytes = try unpacked(member, count)
    if count == member.size { try check(bytes, of: member) }
    return bytes
  }

  /// Returns a member as a file: a part of the archive if it is stored, otherwise a file without a
  /// name.
  ///
  /// - Throws: ``FileError`` if it cannot be unpacked, its checksum is wrong, or memory is
  ///   insufficient.
  func file(of member: ZipMember) throws(FileError) -> FileDescriptor {
    guard member.isDeflated else {
      try check(member)
      return FileDescriptor(member.offset..<member.end, of: content)
    }
    try content.checkMemory(member.size, "its member '\(abbreviated(member.name))'")
    return try UnnamedFile.make(for: content.path) { append throws(FileError) in
      var sum: UInt32 = 0
      try unpack(member, member.size) { piece throws(FileError) in
        // The piece is only read.
        sum = unsafe piece.withUnsafeBytes { unsafe Inflater.checksum($0, after: sum) }
        try append(piece)
      }
      guard sum == member.checksum else { throw damaged(member) }
    }
  }

  /// Checks a stored member without keeping its bytes.
  ///
  /// - Throws: ``FileError`` if its checksum is wrong.
  func check(_ member: ZipMember) throws(FileError) {
    var sum: UInt32 = 0
    for start in stride(from: 0, to: member.size, by: 1 << 20) {
      let piece = try content.bytes(
        at: member.offset + start, count: min(1 << 20, member.size - start))
      // The piece is only read.
      sum = unsafe piece.withUnsafeBytes { unsafe Inflater.checksum($0, after: sum) }
    }
    guard sum == member.checksum else { throw damaged(member) }
  }

  private func check(_ bytes: [UInt8], of member: ZipMember) throws(FileError) {
    // The bytes are only read.
    let sum = unsafe bytes.withUnsafeBytes { unsafe Inflater.checksum($0) }
    guard sum == member.checksum else { throw damaged(member) }
  }

  private func damaged(_ member: ZipMember) -> FileError {
    FileError(
      .badData, path: content.path,
      "its member '\(abbreviated(member.name))' is damaged; copy the file again")
  }

  private func unpacked(_ member: ZipMember, _ count: Int) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    try unpack(member, count) { bytes += $0 }
    return bytes
  }

  /// Unpacks the first `count` bytes of a deflated member, piece by piece.
  ///
  /// - Parameter deliver: Receives one piece after another.
  private func unpack(
    _ member: ZipMember, _ count: Int, deliver: ([UInt8]) throws(FileError) -> Void
  ) throws(FileError) {
    do {
      let isSealed = try process.withLock { process in
        if process == nil { process = try SealedProcess.start(for: content, sandbox) }
        guard let process else { return false }
        try process.send(.inflate, [member.offset, member.storedSize, count, 0])
        var done = 0
        while done < count {
          let length = try process.receiveNumber()
          if length == SealedRequest.failed { throw ZipDirectory.Refusal.damaged }
          guard length > 0, length <= UInt64(min(count - done, Inflater.pieceSize)) else {
            throw SealedFailure.invalidAnswer
          }
          try deliver(try process.receive(count: Int(length)))
          done += Int(length)
        }
        return true
      }
      if isSealed { return }
    } catch is ZipDirectory.Refusal {
      throw damaged(member)
    } catch {
      // The rest of the answer may still be in the channel.
      process.withLock { $0 = nil }
      throw FileError(error, reading: content, at: member.name, with: "zlib")
    }
    let packed = try content.bytes(at: member.offset, count: member.storedSize)
    var failure: FileError?
    // zlib only reads the packed bytes; each piece is copied during the call.
    let isUnpacked = unsafe packed.withUnsafeBytes { packed in
      unsafe Inflater.unpack(packed, count: count) { piece in
        do throws(FileError) {
          unsafe try deliver(Array(piece))
        } catch {
          failure = error
        }
        return failure == nil
      }
    }
    if let failure { throw failure }
    guard isUnpacked else { throw damaged(member) }
  }
}
