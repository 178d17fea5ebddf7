#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The contents of a folder in the order in which Python sorts names: by code point.
struct FolderListing {
  /// The names of its files.
  private(set) var files: [String] = []
  /// The names of its folders; links to folders are among them.
  private(set) var folders: [String] = []

  /// The largest number of entries in a folder.
  static let maximumCount = 1 << 22

  /// Lists a folder; names that begin with a dot are left out.
  ///
  /// - Throws: ``FileError`` if it cannot be read, or has too many entries.
  init(_ path: String) throws(FileError) {
    // The stream lives until the end of this function.
    guard let stream = unsafe opendir(path) else {
      throw FileError(.missingInput, path: path, InputFile.reason(errno))
    }
    defer { unsafe closedir(stream) }
    while let entry = unsafe readdir(stream) {
      // The name ends with a zero within the entry.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(validatingCString: $0)
        }
      }
      guard let name else {
        throw FileError(
          .badData, path: path, "has a name that is not UTF-8; rename its files")
      }
      if name.hasPrefix(".") { continue }
      guard files.count + folders.count < Self.maximumCount else {
        throw FileError(
          .badData, path: path, "has more than \(Self.maximumCount) entries; give a smaller folder")
      }
      var status = stat()
      let isFolder =
        unsafe stat(Self.path(path, name), &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      if isFolder { folders.append(name) } else { files.append(name) }
    }
    files.sort(by: Self.isBefore)
    folders.sort(by: Self.isBefore)
  }

  /// Returns the path of an entry.
  static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// Returns whether Python sorts `a` before `b`; Swift's own order is another one.
  static func isBefore(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
