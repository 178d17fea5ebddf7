/// The zip form of a PyTorch checkpoint, since version 1.6: one pickle and the storages, in a folder.
struct TorchArchive {
  private let content: StateContent
  private let members: [ZipMember]
  private let byName: [String: ZipMember]
  /// The folder of all members, with a slash.
  private let folder: String
  /// Members that are not part of a checkpoint.
  private(set) var findings: [Finding] = []

  private static let pickleName = "data.pkl"

  /// Opens the archive.
  ///
  /// - Throws: ``StateRefusal`` or ``ZipDirectory/Refusal`` if it is no checkpoint, or readers could
  ///   see different ones.
  init(_ content: StateContent) throws {
    self.content = content
    func read(_ offset: Int, _ count: Int) throws(FileError) -> [UInt8] {
      try content.bytes(at: offset, count: count)
    }
    let directory = try ZipDirectory(fileSize: content.size, read: read)
    members = try directory.members(read: read)
    byName = Dictionary(members.map { ($0.name, $0) }) { first, _ in first }
    folder = try Self.folder(of: members)
    try checkPlaces(directory)
    try checkForm()
    findings = members.map { String($0.name.dropFirst(folder.count)) }
      .filter { !Self.isExpected($0) }.prefix(StateCatalogue.maximumFindings / 2)
      .map {
        let name = abbreviated($0)
        return Finding(
          .stateExtra, at: name, "it holds '\(name)', which is not part of a checkpoint")
      }
  }

  private static func folder(of members: [ZipMember]) throws(StateRefusal) -> String {
    let pickles = members.filter { $0.name.split(separator: "/").last == "data.pkl" }
    guard let pickle = pickles.first else {
      throw StateRefusal(
        .stateUnsupported,
        "is a zip archive without the weights of torch.save; save model.state_dict() with "
          + "torch.save")
    }
    guard pickles.count == 1 else {
      throw StateRefusal(
        .zipArchive,
        "is a zip archive with \(pickles.count) pickles, so that readers can see different weights; "
          + "save model.state_dict() again")
    }
    let folder = String(pickle.name.dropLast(pickleName.utf8.count))
    guard folder.utf8.count > 1, folder.hasSuffix("/"), !folder.dropLast().contains("/") else {
      throw StateRefusal(.zipArchive, "has its pickle in an unusual folder; save it again")
    }
    if let other = members.first(where: { !$0.name.hasPrefix(folder) }) {
      throw StateRefusal(
        .zipArchive, at: abbreviated(other.name),
        "has '\(abbreviated(other.name))' beside its folder '\(abbreviated(folder))', so that "
          + "readers can see different weights; save model.state_dict() again")
    }
    return folder
  }

  private func checkPlaces(_ directory: ZipDirectory) throws(StateRefusal) {
    try directory.refuseHidden(besides: members, writer: "torch.save")
    if let member = members.first(where: \.isDeflated) {
      throw StateRefusal(
        .zipArchive, at: abbreviated(member.name),
        "packs its member '\(abbreviated(member.name))', which torch.save does not; save it "
          + "again with torch.save")
    }
  }

  private func checkForm() throws {
    if let code = members.first(where: { isCode($0.name) }) {
      throw StateRefusal(
        .stateUnsupported, at: abbreviated(code.name),
        "is a TorchScript program, whose layers are code; save model.state_dict() with torch.save, "
          + "or export the model with torch.onnx.export")
    }
    try content.checkByteOrder(byName[folder + "byteorder"])
  }

  private func isCode(_ name: String) -> Bool {
    name == folder + "constants.pkl" || name.hasPrefix(folder + "code/")
  }

  private static func isExpected(_ name: String) -> Bool {
    let known = [
      pickleName, "version", "byteorder", ".format_version", ".storage_alignment",
      ".data/serialization_id",
    ]
    return known.contains(name) || name.hasPrefix("data/")
  }

  // MARK: Contents

  /// Returns the pickle.
  ///
  /// - Throws: ``StateRefusal`` if it is too large or its checksum is wrong, ``FileError`` if it
  ///   cannot be read.
  func pickle() throws -> [UInt8] {
    guard let member = byName[folder + Self.pickleName] else { throw ZipDirectory.Refusal.damaged }
    guard member.size <= PickleMachine.maximumSize else {
      throw StateRefusal(
        .pickleSize, "has a pickle of \(member.size) bytes, more than that of any network")
    }
    try check(member)
    return try content.bytes(at: member.offset, count: member.size)
  }

  /// Checks the CRC-32 of all members.
  ///
  /// - Throws: ``StateRefusal`` if one is wrong, ``FileError`` if they cannot be read.
  func checkSums() throws {
    for member in members where member.name != folder + Self.pickleName { try check(member) }
  }

  private func check(_ member: ZipMember) throws {
    guard try content.checksum(of: member.offset..<member.end) == member.checksum else {
      let name = abbreviated(member.name)
      throw StateRefusal(
        .zipArchive, at: name, "its member '\(name)' is damaged; copy the file again")
    }
  }

  /// Returns the place of a storage's elements.
  ///
  /// - Throws: ``StateRefusal`` if there is no such member, or it has another size.
  func place(of storage: PickleStorage, key: String) throws(StateRefusal) -> Int {
    let title = abbreviated(key)
    guard let member = byName[folder + "data/" + key] else {
      throw StateRefusal(
        .tensorPlace, at: title,
        "lacks its member 'data/\(title)' with weights; copy it again")
    }
    let (size, overflows) = storage.count.multipliedReportingOverflow(by: storage.type.size)
    guard !overflows, size == member.size else {
      throw StateRefusal(
        .tensorPlace, at: title,
        "has \(member.size) bytes in its member 'data/\(title)', not \(storage.count) elements of "
          + "\(storage.type.size) bytes; copy it again")
    }
    return member.offset
  }
}

// What PyTorch's archives of both kinds have.

extension ZipDirectory {
  /// Throws ``StateRefusal`` if the archive has bytes that are in no member.
  ///
  /// - Parameter writer: The function that writes such archives.
  func refuseHidden(besides members: [ZipMember], writer: String) throws(StateRefusal) {
    guard let hidden = hidden(besides: members).first else { return }
    throw StateRefusal(
      .zipArchive,
      "has bytes at \(hidden.lowerBound) that are in no member of its zip archive; save it again "
        + "with \(writer)")
  }
}

extension StateContent {
  /// Throws unless a member, if there is one, says that numbers are little-endian.
  func checkByteOrder(_ member: ZipMember?) throws {
    guard let member else { return }
    guard member.size <= 16,
      try bytes(at: member.offset, count: member.size) == Array("little".utf8)
    else {
      throw StateRefusal(
        .stateUnsupported, "has big-endian numbers; save it again on a little-endian computer")
    }
  }
}
