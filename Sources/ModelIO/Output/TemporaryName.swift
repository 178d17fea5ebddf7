#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The names of temporary files and folders, and the removal of those that killed processes left.
enum TemporaryName {
  private static let prefix = ".defensekit-"
  private static let length = 13

  /// Returns a random name for a temporary file or folder.
  static func random() -> String { "\(prefix)\(tag()).tmp" }

  /// Returns a path for the folder at `place` while it is moved aside.
  static func aside(_ place: String) -> String {
    let (folder, name) = split(place)
    return "\(folder)/.\(name)\(prefix)\(tag()).old"
  }

  private static func tag() -> String {
    let digits = String(UInt64.random(in: 0 ... .max), radix: 36)
    return String(repeating: "0", count: length - digits.count) + digits
  }

  /// Returns whether a name has the form that ``random()`` gives.
  private static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(".tmp")
      && name.utf8.count == prefix.utf8.count + length + 4
      && name.dropFirst(prefix.count).prefix(length).allSatisfy {
        $0.isASCII && ($0.isNumber || $0.isLowercase)
      }
  }

  /// Removes leftovers of this user's killed processes from a folder.
  static func clear(_ folder: String) {
    for name in names(in: folder) where isTemporary(name) {
      withAbandoned("\(folder)/\(name)") { remove($0) }
    }
  }

  /// Restores a folder that a killed process had moved aside; if `place` is taken by now, the old
  /// folder is removed.
  static func recover(_ place: String) {
    let (folder, name) = split(place)
    for old in names(in: folder)
    where old.hasPrefix(".\(name)\(prefix)") && old.hasSuffix(".old") {
      withAbandoned("\(folder)/\(old)") { path in
        // Fails if there is a folder that is not empty.
        if unsafe rename(path, place) != 0 { remove(path) }
      }
    }
  }

  /// Calls `body` if a file or folder belongs to this user and no running process has locked it.
  private static func withAbandoned(_ path: String, _ body: (String) -> Void) {
    // Opening must not block on a pipe with such a name, nor follow a link.
    guard let descriptor = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    else { return }
    defer { try? Descriptor.close(descriptor) }
    guard let status = Descriptor.status(of: descriptor), status.st_uid == geteuid(),
      [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT),
      flock(descriptor, LOCK_EX | LOCK_NB) == 0, isStill(descriptor, at: path)
    else { return }
    body(path)
  }

  /// Returns whether an open file or folder is still the one at `path`.
  static func isStill(_ descriptor: Int32, at path: String) -> Bool {
    guard let open = Descriptor.status(of: descriptor),
      let named = Descriptor.status(path, followsLinks: false)
    else { return false }
    return FileIdentity(open) == FileIdentity(named)
  }

  /// Removes a file, or a folder with its contents, as far as possible.
  static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    guard
      let descriptor = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    else { return }
    defer { try? Descriptor.close(descriptor) }
    for name in names(in: path) { remove("\(path)/\(name)") }
    _ = unsafe rmdir(path)
  }

  /// Returns the names in a folder, without `.` and `..`; empty if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    // An entry is valid until the next call, so its name is copied.
    while let entry = unsafe readdir(stream) {
      let start = unsafe UnsafePointer(entry).pointer(to: \.d_name)
      guard let start = unsafe start else { continue }
      let name = unsafe String(
        cString: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Returns a path's folder and its last component.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (
      slash == path.startIndex ? "/" : String(path[..<slash]),
      String(path[path.index(after: slash)...])
    )
  }
}
