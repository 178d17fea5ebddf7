#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The names of temporary files and folders, and what becomes of those that a killed process left.
enum TemporaryName {
  private static let prefix = ".defensekit-"
  private static let length = 13

  /// A name that nothing else is likely to have.
  static func random() -> String { "\(prefix)\(tag()).tmp" }

  /// A name for the folder at `place` while it is moved aside.
  static func aside(_ place: String) -> String {
    let (folder, name) = split(place)
    return "\(folder)/.\(name)\(prefix)\(tag()).old"
  }

  private static func tag() -> String {
    let digits = String(UInt64.random(in: 0 ... .max), radix: 36)
    return String(repeating: "0", count: length - digits.count) + digits
  }

  /// Whether a name has the form that ``random()`` gives.
  private static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(".tmp")
      && name.utf8.count == prefix.utf8.count + length + 4
      && name.dropFirst(prefix.count).prefix(length).allSatisfy {
        $0.isASCII && ($0.isNumber || $0.isLowercase)
      }
  }

  /// Removes what killed processes of this user have left in a folder.
  static func clear(_ folder: String) {
    for name in names(in: folder) where isTemporary(name) {
      withAbandoned("\(folder)/\(name)") { remove($0) }
    }
  }

  /// Puts a folder back that a process had moved aside when it was killed; one whose place has been
  /// taken meanwhile is removed.
  static func recover(_ place: String) {
    let (folder, name) = split(place)
    for old in names(in: folder)
    where old.hasPrefix(".\(name)\(prefix)") && old.hasSuffix(".old") {
      withAbandoned("\(folder)/\(old)") { path in
        // Fails where there are results.
        if unsafe rename(path, place) != 0 { remove(path) }
      }
    }
  }

  /// Calls `body` if a file or folder is this user's and no process that lives holds it.
  private static func withAbandoned(_ path: String, _ body: (String) -> Void) {
    // Not to wait at what has a name like ours but is a pipe, nor to follow a link.
    guard let descriptor = try? Descriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    else { return }
    defer { try? Descriptor.close(descriptor) }
    guard let status = Descriptor.status(of: descriptor), status.st_uid == geteuid(),
      [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT),
      flock(descriptor, LOCK_EX | LOCK_NB) == 0, isStill(descriptor, at: path)
    else { return }
    body(path)
  }

  /// Whether an open file or folder is the one that has this name now.
  static func isStill(_ descriptor: Int32, at path: String) -> Bool {
    guard let open = Descriptor.status(of: descriptor),
      let named = Descriptor.status(path, followsLinks: false)
    else { return false }
    return FileIdentity(open) == FileIdentity(named)
  }

  /// Removes a file, or a folder with what it holds; what cannot be removed stays.
  static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    guard
      let descriptor = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    else { return }
    defer { try? Descriptor.close(descriptor) }
    for name in names(in: path) { remove("\(path)/\(name)") }
    _ = unsafe rmdir(path)
  }

  /// The names in a folder, without the folder itself and the one around it; none if it cannot be
  /// read.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    // An entry is valid until the next call; its name is copied here.
    while let entry = unsafe readdir(stream) {
      let start = unsafe UnsafePointer(entry).pointer(to: \.d_name)
      guard let start = unsafe start else { continue }
      let name = unsafe String(
        cString: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// A path's folder and its last component.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (
      slash == path.startIndex ? "/" : String(path[..<slash]),
      String(path[path.index(after: slash)...])
    )
  }
}
