/// The central directory of a zip archive (PKWARE's application note), with its 64-bit form.
///
/// Only the directory says what the archive holds. It is refused if another reader could see other
/// members: two of one name, overlapping ones, names that differ in the member's own header.
struct ZipDirectory {
  /// The reason why an archive is refused; the text completes "the file ...".
  struct Refusal: Error, Equatable {
    let problem: String

    /// The error of an archive that is not what its directory says.
    static let damaged = Refusal(problem: "is a damaged zip archive; copy it again")
  }

  /// The largest number of members.
  static let maximumCount = 65_535
  /// The largest size of the directory in bytes.
  static let maximumSize = 16 << 20
  /// The size of the largest end of an archive: end record with comment, and 64-bit locator.
  private static let endSize = 22 + 65_535 + 20
  /// The size of a member's own header without name and extra fields.
  static let headerSize = 30

  /// The place of the directory in the file, and its size.
  let range: Range<Int>
  /// The number of members.
  let count: Int

  /// Finds the directory.
  ///
  /// - Parameters:
  ///   - fileSize: The size of the file.
  ///   - read: Returns `count` bytes of the file at `offset`.
  init(
    fileSize: Int, read: (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]
  ) throws {
    let endSize = min(fileSize, Self.endSize)
    let end = try read(fileSize - endSize, endSize)
    // The last end record whose comment ends with the file.
    let last = end.count - 22
    guard last >= 0,
      let start = (0...last).last(where: { start in
        end[start..<start + 4] == [0x50, 0x4B, 5, 6]
          && start + 22 + Int(end[start + 20]) + Int(end[start + 21]) << 8 == end.count
      })
    else { throw Refusal.damaged }
    var record = ZipBytes(end[(start + 4)...])
    let (disk, directoryDisk) = (try record.number(2), try record.number(2))
    var (here, all) = (try record.number(2), try record.number(2))
    var (size, offset) = (try record.number(4), try record.number(4))
    var place = fileSize - end.count + start
    // PyTorch writes the 64-bit form of the numbers even if they fit into the other.
    if start >= 20, end[start - 20..<start - 16] == [0x50, 0x4B, 6, 7] {
      var locator = ZipBytes(end[start - 12..<start - 4])
      let recordPlace = try locator.number(8)
      guard recordPlace <= place - 20 - 56 else { throw Refusal.damaged }
      let bytes = try read(recordPlace, 56)
      guard bytes[..<4] == [0x50, 0x4B, 6, 6] else { throw Refusal.damaged }
      var wide = ZipBytes(bytes[24...])
      func wider(_ number: Int, _ limit: Int) throws -> Int {
        let whole = try wide.number(8)
        guard number == limit || number == whole else { throw Refusal.damaged }
        return whole
      }
      (here, all) = (try wider(here, 0xFFFF), try wider(all, 0xFFFF))
      (size, offset) = (try wider(size, 0xFFFF_FFFF), try wider(offset, 0xFFFF_FFFF))
      place = recordPlace
    }
    guard disk == 0, directoryDisk == 0, here == all else {
      throw Refusal(problem: "is a part of a zip archive of several files; join them first")
    }
    guard all <= Self.maximumCount, size <= Self.maximumSize else {
      throw Refusal(
        problem: "is a zip archive with more than \(Self.maximumCount) members; give fewer")
    }
    // Bytes before the first member or after the directory could be another archive.
    guard offset <= place, size == place - offset else { throw Refusal.damaged }
    range = offset..<place
    count = all
  }

  /// Parses the directory.
  ///
  /// - Parameter read: Returns `count` bytes of the file at `offset`.
  /// - Returns: The members, in the order of their place in the file.
  func members(
    read: (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]
  ) throws -> [ZipMember] {
    var directory = ZipBytes(try read(range.lowerBound, range.count)[...])
    var members: [ZipMember] = []
    for _ in 0..<count { members.append(try Self.member(&directory)) }
    guard directory.left == 0 else { throw Refusal.damaged }
    members.sort { $0.headerOffset < $1.headerOffset }
    var names: Set<String> = []
    var end = 0
    for index in members.indices {
      let member = members[index]
      guard names.insert(member.name).inserted else {
        throw Refusal(
          problem: "is a zip archive with two members '\(abbreviated(member.name))'; save it again")
      }
      guard member.headerOffset >= end, member.headerOffset < range.lowerBound else {
        throw Refusal(problem: "is a zip archive whose members overlap; save it again")
      }
      let offset = try Self.offset(of: member, read: read)
      // The stored size may be any number up to the largest.
      guard offset <= range.lowerBound, member.storedSize <= range.lowerBound - offset else {
        throw Refusal.damaged
      }
      members[index].offset = offset
      end = members[index].end
    }
    return members
  }

  /// The largest size of a data descriptor, which may follow a member.
  private static let largestDescriptor = 24

  /// Returns the ranges in front of, between and behind members that none of them accounts for.
  ///
  /// - Parameter members: All members, in the order of their place in the file.
  func hidden(besides members: [ZipMember]) -> [Range<Int>] {
    var hidden: [Range<Int>] = []
    var end = 0
    for next in members.map({ $0.headerOffset..<$0.end }) + [range] {
      if next.lowerBound - end > (end == 0 ? 0 : Self.largestDescriptor) {
        hidden.append(end..<next.lowerBound)
      }
      end = next.upperBound
    }
    return hidden
  }

  /// Returns the names in the directory, whatever else it says; as many as can be read.
  ///
  /// - Parameter read: Returns `count` bytes of the file at `offset`.
  /// - Throws: ``FileError`` if the directory cannot be read.
  func names(
    read: (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]
  ) throws(FileError) -> [String] {
    var directory = ZipBytes(try read(range.lowerBound, range.count)[...])
    var names: [String] = []
    do throws(ZipBytes.TooShort) {
      while directory.left > 0 {
        _ = try directory.take(28)
        let lengths = (try directory.number(2), try directory.number(2), try directory.number(2))
        _ = try directory.take(12)
        names.append(String(decoding: try directory.take(lengths.0), as: UTF8.self))
        _ = try directory.take(lengths.1 + lengths.2)
      }
    } catch {}
    return names
  }

  private static func member(_ directory: inout ZipBytes) throws -> ZipMember {
    guard try directory.take(4) == [0x50, 0x4B, 1, 2] else { throw Refusal.damaged }
    _ = try directory.take(4)
    let (flags, method) = (try directory.number(2), try directory.number(2))
    _ = try directory.take(4)
    let checksum = UInt32(try directory.number(4))
    var (stored, size) = (try directory.number(4), try directory.number(4))
    let lengths = (try directory.number(2), try directory.number(2), try directory.number(2))
    _ = try directory.take(8)
    var offset = try directory.number(4)
    let name = String(decoding: try directory.take(lengths.0), as: UTF8.self)
    var extra = ZipBytes(try directory.take(lengths.1))
    _ = try directory.take(lengths.2)
    while extra.left >= 4 {
      let (kind, length) = (try extra.number(2), try extra.number(2))
      var field = ZipBytes(try extra.take(length))
      guard kind == 1 else { continue }
      // Only the numbers that do not fit into 32 bits follow, in this order.
      if size == 0xFFFF_FFFF { size = try field.number(8) }
      if stored == 0xFFFF_FFFF { stored = try field.number(8) }
      if offset == 0xFFFF_FFFF { offset = try field.number(8) }
    }
    guard flags & 0x41 == 0 else {
      throw Refusal(problem: "is an encrypted zip archive; unpack it first")
    }
    guard method == 0 || method == 8 else {
      throw Refusal(
        problem: "is a zip archive packed in another way than deflate (method \(method)); "
          + "save it again")
    }
    guard method == 8 || stored == size else { throw Refusal.damaged }
    guard !name.utf8.contains(0), !name.hasPrefix("/"),
      !name.split(separator: "/").contains("..")
    else {
      throw Refusal(
        problem: "is a zip archive with the name '\(abbreviated(name))', which leads out of it")
    }
    guard size <= HDF5DatasetInfo.largestUnpacked || size / HDF5DatasetInfo.largestRatio <= stored
    else {
      throw Refusal(
        problem: "is a zip archive whose member '\(abbreviated(name))' unpacks from \(stored) to "
          + "\(size) bytes; if that is right, store it uncompressed")
    }
    return ZipMember(
      name: name, isDeflated: method == 8, checksum: checksum, storedSize: stored, size: size,
      headerOffset: offset)
  }

  /// Returns the place of a member's bytes, behind its own header.
  private static func offset(
    of member: ZipMember, read: (_ offset: Int, _ count: Int) throws(FileError) -> [UInt8]
  ) throws -> Int {
    let header = try read(member.headerOffset, headerSize)
    var fields = ZipBytes(header[...])
    guard try fields.take(4) == [0x50, 0x4B, 3, 4] else { throw Refusal.damaged }
    _ = try fields.take(4)
    let method = try fields.number(2)
    _ = try fields.take(16)
    let (nameLength, extraLength) = (try fields.number(2), try fields.number(2))
    let name = try read(member.headerOffset + headerSize, nameLength)
    guard method == (member.isDeflated ? 8 : 0),
      String(decoding: name, as: UTF8.self) == member.name
    else { throw Refusal.damaged }
    return member.headerOffset + headerSize + nameLength + extraLength
  }
}
