import CHDF5

/// An HDF5 file open for reading.
///
/// Groups and data sets are named by paths from the root. Only hard links are followed: soft and
/// external ones, which lead to other places or other files, count as missing.
final class HDF5File: Sendable {
  /// The path it was opened by.
  let path: String
  /// The file's size in bytes, the bound for everything that it can hold.
  let size: Int
  /// What an honest file does not have.
  let findings: [Finding] = []
  private let handle: HDF5Handle<HDF5FileKind>

  /// Opens a file.
  ///
  /// - Parameter isTolerant: Whether it is opened although there are findings that have it refused.
  init(_ path: String, isTolerant: Bool = false) throws(FileError) {
    try InputFile.checkHDF5(path)
    self.path = path
    self.size = try InputFile.size(of: path)
    let id = HDF5Library.locked {
      unsafe H5Fopen(path, dk_read_only(), dk_default())
    }
    guard let handle = HDF5Handle<HDF5FileKind>(id) else {
      throw FileError(
        .badData, path: path,
        "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again")
    }
    self.handle = handle
  }

  /// Returns an error about this file's contents.
  func failure(_ message: String) -> FileError { FileError(.badData, path: path, message) }

  /// Whether there is a group at the path.
  func hasGroup(_ path: String) -> Bool {
    HDF5Library.locked { withGroup(path) { _ in true } ?? false }
  }

  /// The names of what a group holds by hard links, sorted; empty if there is no such group.
  func names(in path: String = "") -> [String] {
    HDF5Library.locked {
      withGroup(path) { group -> [String] in
        var info = H5G_info_t()
        guard unsafe H5Gget_info(group, &info) >= 0 else { return [] }
        // A hostile file may claim any number; no honest group of ours has this many.
        return (0..<min(info.nlinks, 100_000)).compactMap { index in
          Self.linkName(group, index)
        }.filter { unsafe dk_link_type(group, $0) == dk_hard_link() }
      } ?? []
    }
  }

  /// Returns an attribute's strings: nil if there is no such attribute or it is not text.
  ///
  /// Fixed and variable lengths, ASCII and UTF-8, scalars and arrays are all read; an empty array
  /// of any type gives no strings.
  func strings(_ name: String, in path: String = "") throws(FileError) -> [String]? {
    try HDF5Library.locked { () throws(FileError) -> [String]? in
      guard let group = open(path) else { return nil }
      guard unsafe H5Aexists(group.id, name) > 0 else { return nil }
      guard
        let attribute = HDF5Handle<HDF5AttributeKind>(
          unsafe H5Aopen(group.id, name, dk_default())),
        let space = HDF5Handle<HDF5SpaceKind>(H5Aget_space(attribute.id)),
        let type = HDF5Handle<HDF5TypeKind>(H5Aget_type(attribute.id))
      else { throw failure("its attribute '\(name)' cannot be read; the file is damaged") }
      let count = Int(H5Sget_simple_extent_npoints(space.id))
      if count == 0 { return [] }
      guard H5Tget_class(type.id) == H5T_STRING else { return nil }
      let result =
        H5Tis_variable_str(type.id) > 0
        ? variableStrings(attribute.id, type.id, space.id, count)
        : fixedStrings(attribute.id, type.id, count)
      guard let result else {
        throw failure("its attribute '\(name)' cannot be read; the file is damaged")
      }
      return result
    }
  }

  /// Opens the data set at a path.
  ///
  /// - Parameters:
  ///   - rows: How many rows, along the first axis, will be read at a time; chunks are cached so
  ///     that each is unpacked once.
  /// - Throws: ``FileError`` if there is none, or if it is stored in a way that is refused.
  func dataset(_ path: String, rows: Int = 1) throws(FileError) -> HDF5Dataset {
    guard let dataset = try datasetIfPresent(path, rows: rows) else {
      throw failure("has no data set '\(path)'")
    }
    return dataset
  }

  /// Opens the data set at a path; nil if there is none.
  func datasetIfPresent(_ path: String, rows: Int = 1) throws(FileError) -> HDF5Dataset? {
    try HDF5Library.locked { () throws(FileError) -> HDF5Dataset? in
      var components = path.split(separator: "/").map(String.init)
      guard let name = components.popLast(), let group = open(components.joined(separator: "/")),
        unsafe dk_link_type(group.id, name) == dk_hard_link()
      else { return nil }
      guard
        let handle = HDF5Handle<HDF5DatasetKind>(
          unsafe H5Dopen2(group.id, name, dk_default()))
      else { return nil }
      let info = try HDF5DatasetInfo(handle.id, path: path, file: self)
      guard case .chunked(let chunk) = info.storage else {
        return HDF5Dataset(file: self, handle: handle, info: info)
      }
      // Reopened with a cache for the chunks that one read touches.
      let access = HDF5Handle<HDF5PropertyKind>(H5Pcreate(dk_dataset_access()))
      let bytes = info.chunkCacheSize(chunk, rows: rows)
      guard let access, H5Pset_chunk_cache(access.id, 12_421, bytes, 1) >= 0,
        let cached = HDF5Handle<HDF5DatasetKind>(unsafe H5Dopen2(group.id, name, access.id))
      else { throw failure("its data set '\(path)' cannot be opened; the file is damaged") }
      return HDF5Dataset(file: self, handle: cached, info: info)
    }
  }

  /// Opens the group at a path, hard link by hard link.
  private func open(_ path: String) -> HDF5Handle<HDF5GroupKind>? {
    guard var group = HDF5Handle<HDF5GroupKind>(unsafe H5Gopen2(handle.id, "/", dk_default()))
    else { return nil }
    for component in path.split(separator: "/") {
      let name = String(component)
      guard unsafe dk_link_type(group.id, name) == dk_hard_link(),
        let next = HDF5Handle<HDF5GroupKind>(unsafe H5Gopen2(group.id, name, dk_default()))
      else { return nil }
      group = next
    }
    return group
  }

  private func withGroup<Result>(_ path: String, _ body: (hid_t) -> Result) -> Result? {
    guard let group = open(path) else { return nil }
    return body(group.id)
  }

  /// Returns the name of a group's link by its place in alphabetical order.
  private static func linkName(_ group: hid_t, _ index: hsize_t) -> String? {
    // Called with no buffer it gives the length, then fills one of that length and a zero.
    let length = unsafe H5Lget_name_by_idx(
      group, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, dk_default())
    guard length > 0, length < 1 << 16 else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(length) + 1)
    guard
      unsafe H5Lget_name_by_idx(
        group, ".", H5_INDEX_NAME, H5_ITER_INC, index, &buffer, buffer.count, dk_default()) > 0
    else { return nil }
    return String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func fixedStrings(_ attribute: hid_t, _ type: hid_t, _ count: Int) -> [String]? {
    let length = H5Tget_size(type)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: length)
    guard length > 0, count > 0, !overflow, bytes <= size else { return nil }
    var buffer = [UInt8](repeating: 0, count: bytes)
    guard unsafe H5Aread(attribute, type, &buffer) >= 0 else { return nil }
    let padding = H5Tget_strpad(type) == H5T_STR_SPACEPAD ? UInt8(ascii: " ") : 0
    return (0..<count).map { index in
      var text = buffer[index * length..<(index + 1) * length]
      if padding == 0 { text = text.prefix { $0 != 0 } }
      while text.last == padding { text.removeLast() }
      return String(decoding: text, as: UTF8.self)
    }
  }

  private func variableStrings(
    _ attribute: hid_t, _ type: hid_t, _ space: hid_t, _ count: Int
  ) -> [String]? {
    // Each element takes 16 bytes in the file, so that more than this cannot be honest.
    guard count > 0, count <= size / 8 else { return nil }
    var pointers = unsafe [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    guard unsafe H5Aread(attribute, type, &pointers) >= 0 else { return nil }
    // The library allocated the strings; they are copied before it frees them.
    defer { _ = unsafe H5Dvlen_reclaim(type, space, dk_default(), &pointers) }
    return unsafe pointers.map { unsafe $0.map { unsafe String(cString: $0) } ?? "" }
  }
}
