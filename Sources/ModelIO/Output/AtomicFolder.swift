#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A folder of files that comes into being whole or not at all.
public enum AtomicFolder {
  /// Writes a folder: `body` puts all files into the one whose path it gets, which then gets the
  /// name `path`.
  ///
  /// Files that `body` writes with ``AtomicFile`` are on the disk when this returns, and so is the
  /// folder. A folder that is replaced is there until the moment in which the new one is there instead
  /// (for an instant neither is, where the file system cannot exchange names), and the new one
  /// gets its owner and permissions. What a killed process has left beside it is removed.
  ///
  /// - Parameters:
  ///   - path: The folder; it may be missing or empty.
  ///   - approve: Called with the path of the folder that is replaced, if it is not empty; what
  ///     it throws undoes everything. Without it such a folder is not replaced.
  ///   - body: Writes the files.
  /// - Throws: What `approve` or `body` throws, or ``FileError`` naming `path`; then all is as before.
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

  /// Calls `body` with the temporary folder; the caller knows that by its own name only.
  private static func fill(
    _ temporary: String, named path: String, _ body: (String) throws -> Void
  ) throws {
    do {
      try body(temporary)
    } catch let error as FileError {
      throw FileError(
        error.kind, path: error.path.replacing(temporary, with: path),
        error.message.replacing(temporary, with: path))
    }
  }

  /// Finds out whether a folder can be made or replaced at `path`, before the work for it is done.
  ///
  /// Puts back what a process had moved aside when it was killed.
  ///
  /// - Throws: ``FileError`` naming `path`.
  public static func prepare(_ path: String) throws(FileError) {
    do throws(SystemError) {
      let place = try resolved(path)
      TemporaryName.recover(place)
      let parent = TemporaryName.split(place).folder
      try SystemError.check { unsafe access(parent, W_OK | X_OK) }
      // What is mounted somewhere cannot be replaced, but only added to.
      if let folder = Descriptor.status(place), let around = Descriptor.status(parent),
        folder.st_dev != around.st_dev
      {
        throw SystemError(code: EBUSY)
      }
    } catch {
      throw FileError(writing: path, error)
    }
  }

  /// The folder that a path leads to; links are followed, also one that leads to nothing yet.
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
