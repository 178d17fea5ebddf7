extension FileKind {
  /// Returns the kind of a zip archive from the names of its members; nil if it has no directory.
  ///
  /// Only the directory counts, as for every reader that uses it: the first bytes of a file can
  /// show a member that the directory does not list.
  static func archive(_ content: FileDescriptor) -> FileKind? {
    func read(_ offset: Int, _ count: Int) throws(FileError) -> [UInt8] {
      try content.bytes(at: offset, count: count)
    }
    guard let directory = try? ZipDirectory(fileSize: content.size, read: read),
      let names = try? directory.names(read: read)
    else { return nil }
    let keras = [KerasArchive.config, KerasArchive.metadata, KerasArchive.weights]
    if names.contains(where: keras.contains) { return .kerasArchive }
    if names.contains(where: { $0.hasSuffix(".npy") }) { return .numpyArchive }
    if names.contains(where: { $0.hasSuffix("/models/model.json") }) { return .torchProgram }
    // A pickle anywhere is one that Python could load.
    if names.contains(where: { $0.hasSuffix(".pkl") || $0.hasSuffix("/.format_version") }) {
      return .torchArchive
    }
    return .zip
  }

  /// Returns whether Python's zipfile, which Keras uses, sees a zip archive in a file of another
  /// kind: the end record of one within the last 65,557 bytes, and a directory in front of it.
  static func endsWithArchive(_ content: FileDescriptor) -> Bool {
    let count = min(content.size, 22 + 65_535)
    guard let end = try? content.bytes(at: content.size - count, count: count) else { return false }
    let start = content.size - count
    return end.indices.dropLast(21).contains { place in
      guard end[place] == 0x50, end[place + 1] == 0x4B, end[place + 2] == 5, end[place + 3] == 6
      else { return false }
      var record = ZipBytes(end[(place + 12)...])
      guard let size = try? record.number(4) else { return false }
      // A size of 2^32 - 1 stands in another record.
      return size == 0xFFFF_FFFF
        || content.starts(with: [0x50, 0x4B, 1, 2], at: start + place - size)
    }
  }

  /// Returns the places at which libhdf5 finds a superblock behind a user block.
  static func superblocks(in content: FileDescriptor) -> [Int] {
    var places: [Int] = []
    var place = 512
    while place <= content.size - signature.count {
      if content.starts(with: signature, at: place) { places.append(place) }
      place *= 2
    }
    return places
  }
}
