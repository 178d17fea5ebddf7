import CSystem
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file or folder under a temporary name, which goes away unless it is put in its place.
///
/// Its descriptor is locked as long as this value lives. So another process can tell it from one that
/// a killed process has left, and the names need not hold a process's number, which is used again.
struct Temporary: ~Copyable {
  /// Where it is: `.defensekit-`, 13 letters and digits, `.tmp`, beside the place it is for.
  let path: String
  let descriptor: Int32

  /// All that this process has made. Locked while names appear or change, so that a process that
  /// is about to end can remove them and be sure that no others turn up.
  private static let live = Mutex<Set<String>>([])

  /// Makes an empty file, or a folder, that `mode` and the process's mask allow to be used.
  init(in folder: String, isFolder: Bool, mode: mode_t) throws(SystemError) {
    while true {
      let name = "\(folder)/\(TemporaryName.random())"
      guard let opened = try Self.make(name, isFolder: isFolder, mode: mode) else { continue }
      // Another process may have taken it for one that was left, in the moment before this lock.
      let isLocked = flock(opened, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
      if isLocked, TemporaryName.isStill(opened, at: name) {
        path = name
        descriptor = opened
        return
      }
      try? Descriptor.close(opened)
      Self.forget(name)
    }
  }

  deinit {
    Self.discard(path)
    try? Descriptor.close(descriptor)
  }

  /// Makes and opens it; nil if the name is taken, or another process has removed the folder.
  private static func make(
    _ path: String, isFolder: Bool, mode: mode_t
  ) throws(SystemError) -> Int32? {
    try live.withLock { (live) throws(SystemError) in
      do throws(SystemError) {
        let descriptor =
          if isFolder { try makeFolder(path, mode) } else {
            try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
          }
        guard let descriptor else { return nil }
        live.insert(path)
        return descriptor
      } catch {
        if error.code == EEXIST { return nil }
        throw error
      }
    }
  }

  private static func makeFolder(_ path: String, _ mode: mode_t) throws(SystemError) -> Int32? {
    try SystemError.check { unsafe mkdir(path, mode) }
    do throws(SystemError) {
      return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    } catch {
      // Until it is open and locked, another process may take it for one that was left.
      if error.code == ENOENT { return nil }
      unsafe rmdir(path)
      throw error
    }
  }

  private static func forget(_ path: String) { live.withLock { _ = $0.remove(path) } }

  /// Removes what is still under its temporary name.
  private static func discard(_ path: String) {
    live.withLock { live in
      if live.remove(path) != nil { TemporaryName.remove(path) }
    }
  }

  /// Gives it the owner and the mode of what it will replace, as far as the user may.
  func adoptAttributes(of status: stat) {
    // First the owner: a change of owner takes rights away.
    _ = fchown(descriptor, status.st_uid, status.st_gid)
    _ = fchmod(descriptor, status.st_mode & 0o7777)
  }

  /// Makes sure that it is on the disk as it is.
  func synchronize() throws(SystemError) {
    try Descriptor.synchronize(descriptor)
    // What a file system says when a file is closed, without losing the lock.
    let copy = try SystemError.check { dup(descriptor) }
    try Descriptor.close(copy)
  }

  /// Gives it its name, at which there may be a file, or an empty folder for a folder.
  func move(to place: String) throws(SystemError) {
    let path = path
    try Self.live.withLock { (live) throws(SystemError) in
      try SystemError.check { unsafe rename(path, place) }
      live.remove(path)
    }
  }

  /// Gives a folder its name, unless there is a folder with something in it; returns whether.
  func moved(to place: String) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try move(to: place)
      return true
    } catch {
      if [ENOTEMPTY, EEXIST].contains(error.code) { return false }
      throw error
    }
  }

  /// Takes the place of another folder, which is removed if `approve`, called on what it holds,
  /// does not throw; else everything is as before.
  ///
  /// Where the file system can exchange two names there is always a folder in the place. Elsewhere
  /// there is none for a moment; ``TemporaryName/recover(_:)`` undoes it if the process ends then.
  func exchange(
    with place: String, _ approve: (String) throws -> Void
  ) throws {
    let path = path
    let old = try Self.locked(place)
    defer { try? Descriptor.close(old) }
    // Once more when it can no longer be changed by its name.
    try approve(place)
    try Self.live.withLock { live in
      if unsafe dk_exchange(path, place) == 0 {
        do {
          try approve(path)
        } catch {
          // What was not approved is not removed, whatever happens now.
          live.remove(path)
          try SystemError.check { unsafe dk_exchange(path, place) }
          live.insert(path)
          throw error
        }
        return
      }
      guard [EINVAL, ENOSYS, ENOTSUP].contains(errno) else { throw SystemError(code: errno) }
      let aside = TemporaryName.aside(place)
      try SystemError.check { unsafe rename(place, aside) }
      do {
        try approve(aside)
        try SystemError.check { unsafe rename(path, place) }
      } catch {
        try SystemError.check { unsafe rename(aside, place) }
        throw error
      }
      live.remove(path)
      TemporaryName.remove(aside)
    }
  }

  /// Opens and locks the folder at `place`, so that other processes leave it alone when it lies under
  /// a temporary name.
  ///
  /// Whoever replaces a folder holds this lock, and waits for it as long as another process is
  /// putting that folder there or replacing it: else it would get under its own temporary name,
  /// unlocked, what the other one has put there meanwhile.
  private static func locked(_ place: String) throws(SystemError) -> Int32 {
    while true {
      let descriptor = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
      // Some file systems have no locks; there it goes without.
      while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
      if TemporaryName.isStill(descriptor, at: place) { return descriptor }
      try? Descriptor.close(descriptor)
    }
  }

  /// Removes whatever this process has under temporary names and then ends it with `end`; no other
  /// thread makes or renames anything meanwhile.
  static func removeAll(_ end: () -> Never) -> Never {
    live.withLock { live in
      // The files in a temporary folder go with it.
      for path in live.sorted() { TemporaryName.remove(path) }
      end()
    }
  }
}
