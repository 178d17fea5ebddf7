#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Writes folders atomically: complete, or not at all.
public enum AtomicFolder {
  /// Writes a folder: `body` creates the files in a temporary folder, which is then renamed to
  /// `path`.
  ///
  /// When this returns, the folder and all files that `body` wrote with ``AtomicFile`` are on the
  /// disk. A replaced folder is exchanged with the new one in one step; on file systems that cannot
  /// exchange names, there is neither for an instant. The new folder gets the owner and permissions
  /// of the replaced one. Leftovers of killed processes beside it are removed.
  ///
  /// - Parameters:
  ///   - path: The folder; it may be missing or empty.
  ///   - approve: Called with the path of the folder to replace, if it is not empty; an error that
  ///     it throws undoes everything. Nil: a folder that is not empty is not replaced.
  ///   - body: Writes the files.
  /// - Throws: What `approve` or `body` throws, or ``FileError`` naming `path`; the state is then
  ///   as before.
  public static func write(
    _ path: String, replacing approve: ((_ folder: String) throws -> Void)? = nil,
    _ body: (_ folder: String) throws -> Void
  ) throws {
    do {
      let place = try resolved(path)
      let parent = TemporaryName.split(place).folder
      TemporaryName.recover(place)
      TemporaryName.clear(parent)
      let temporary = try Temporary(in: parent, isFolder: true, mode: 0o777)
      try fill(temporary.path, named: path, body)
      if let old = Descriptor.status(place) { temporary.adoptAttributes(of: old) }
      try temporary.synchronize()
      if try !temporary.moved(to: place) {
        guard let approve else { throw SystemError(code: ENOTEMPTY) }
        try temporary.exchange(with: place, approve)
      }
      try Descriptor.synchronize(folder: parent)
    } catch let error as SystemError {
      throw FileError(writing: path, error)
    }
  }

  /// Calls `body` with the temporary folder, and replaces its path in errors by the one that the
  /// caller passed.
  private static func fill(
    _ temporary: String, named path: String, _ body: (String) throws -> Void
  ) throws {
    do {
      try body(temporary)
    } catch let error as FileError {
      guard error.path.hasPrefix(temporary) else { throw error }
      throw error.moved(to: path + error.path.dropFirst(temporary.count))
    }
  }

  /// Checks whether a folder can be created or replaced at `path`, before the work for it begins.
  ///
  /// If a process was killed while it replaced the folder, the old one is restored.
  ///
  /// - Throws: ``FileError`` naming `path`.
  public static func prepare(_ path: String) throws(FileError) {
    do throws(SystemError) {
      let place = try resolved(path)
      TemporaryName.recover(place)
      let parent = TemporaryName.split(place).folder
      try SystemError.check { unsafe access(parent, W_OK | X_OK) }
      // A mount point cannot be replaced.
      if let folder = Descriptor.status(place), let around = Descriptor.status(parent),
        folder.st_dev != around.st_dev
      {
        throw SystemError(code: EBUSY)
      }
    } catch {
      throw FileError(writing: path, error)
    }
  }

  /// Returns the folder that a path leads to; links are followed, even to a missing folder.
  private static func resolved(_ path: String) throws(SystemError) -> String {
    // realpath(3) allocates the text, which is copied and freed.
    if let real = unsafe realpath(path, nil) {
      defer { unsafe free(real) }
      guard let status = Descriptor.status(path), status.st_mode & S_IFMT == S_IFDIR else {
        throw SystemError(code: ENOTDIR)
      }
      return unsafe String(cString: real)
    }
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    guard case .file(let place) = try Destination(path) else { throw SystemError(code: ENOTDIR) }
    return place
  }
}
