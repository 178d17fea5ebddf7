/// A zip archive open for reading; deflated members are unpacked in a sealed process.
final class ZipArchive: Sendable {
  /// The file.
  let content: FileDescriptor
  /// The members, in the order of their place in the file.
  let members: [ZipMember]
  /// The bytes of the file that no member accounts for.
  let hidden: [Range<Int>]
  private let unpacker: Unpacker

  /// Opens an archive.
  ///
  /// - Throws: ``FileError`` if the file is no zip archive, damaged or refused.
  init(_ content: FileDescriptor, sandbox: Sandbox) throws(FileError) {
    self.content = content
    unpacker = Unpacker(content, sandbox: sandbox)
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
    guard
      let bytes = try unpacker.bytes(of: member.packed, count: count, name: member.name)
    else { throw damaged(member) }
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
    guard
      let file = try unpacker.file(
        of: member.packed, count: member.size, checksum: member.checksum, name: member.name)
    else { throw damaged(member) }
    return file
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
}
