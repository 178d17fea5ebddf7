import CSystem
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file or folder with a temporary name, removed at the end of its life unless it was renamed.
///
/// Its descriptor is locked as long as this value lives. Other processes can thus tell it from a
/// leftover of a killed process; a process number in the name would not do, since the system reuses
/// them.
struct Temporary: ~Copyable {
  /// The path: `.defensekit-`, 13 letters and digits, `.tmp`, in the folder of its destination.
  let path: String
  let descriptor: Int32

  /// The paths of all temporaries of this process. Locked while names appear or change, so that a
  /// process that is about to end can remove them and no others appear.
  private static let live = Mutex<Set<String>>([])

  /// Creates an empty file or folder, with the permissions in `mode` that the process's mask
  /// allows.
  init(in folder: String, isFolder: Bool, mode: mode_t) throws(SystemError) {
    while true {
      let name = "\(folder)/\(TemporaryName.random())"
      guard let opened = try Self.make(name, isFolder: isFolder, mode: mode) else { continue }
      // Another process may have taken it for a leftover just before this lock.
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

  /// Creates and opens it; nil if the name is taken, or another process has removed the folder.
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
      // Until it is open and locked, another process may take it for a leftover.
      if error.code == ENOENT { return nil }
      unsafe rmdir(path)
      throw error
    }
  }

  private static func forget(_ path: String) { live.withLock { _ = $0.remove(path) } }

  /// Removes it if it still has its temporary name.
  private static func discard(_ path: String) {
    live.withLock { live in
      if live.remove(path) != nil { TemporaryName.remove(path) }
    }
  }

  /// Copies the owner and the permissions of the file or folder to replace, as far as the user may.
  func adoptAttributes(of status: stat) {
    // The owner first: a change of owner clears some permissions.
    _ = fchown(descriptor, status.st_uid, status.st_gid)
    _ = fchmod(descriptor, status.st_mode & 0o7777)
  }

  /// Waits until it is on the disk.
  func synchronize() throws(SystemError) {
    try Descriptor.synchronize(descriptor)
    // Closing a copy reports errors of the file system without releasing the lock.
    let copy = try SystemError.check { dup(descriptor) }
    try Descriptor.close(copy)
  }

  /// Renames it to `place`, where there may be a file, or an empty folder for a folder.
  func move(to place: String) throws(SystemError) {
    let path = path
    try Self.live.withLock { (live) throws(SystemError) in
      try SystemError.check { unsafe rename(path, place) }
      live.remove(path)
    }
  }

  /// Renames a folder to `place`; returns false if there is a folder that is not empty.
  func moved(to place: String) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try move(to: place)
      return true
    } catch {
      if [ENOTEMPTY, EEXIST].contains(error.code) { return false }
      throw error
    }
  }

  /// Replaces another folder, which is then removed, if `approve` accepts it.
  ///
  /// `approve` is called with the old folder's path and throws to refuse; then everything is as
  /// before. If the file system can exchange two names, there is always a folder at `place`.
  /// Otherwise there is none for a moment; ``TemporaryName/recover(_:)`` restores the old one if
  /// the process ends then.
  func exchange(
    with place: String, _ approve: (String) throws -> Void
  ) throws {
    let path = path
    let old = try Self.locked(place)
    defer { try? Descriptor.close(old) }
    // The check is repeated after the exchange, when other processes can no longer change the
    // folder by its name.
    try approve(place)
    try Self.live.withLock { live in
      if unsafe dk_exchange(path, place) == 0 {
        do {
          try approve(path)
        } catch {
          // A folder that was not approved must not be removed, whatever happens now.
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

  /// Opens and locks the folder at `place`, so that other processes ignore it when it has a
  /// temporary name.
  ///
  /// A process that replaces a folder holds this lock, and waits while another process creates or
  /// replaces the folder. Otherwise it would move the other's new folder to its own temporary name,
  /// unlocked.
  private static func locked(_ place: String) throws(SystemError) -> Int32 {
    while true {
      let descriptor = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
      // Some file systems do not support locks; the folder is then used without.
      while flock(descriptor, LOCK_EX) != 0 && errno == EINTR {}
      if TemporaryName.isStill(descriptor, at: place) { return descriptor }
      try? Descriptor.close(descriptor)
    }
  }

  /// Removes all temporary files and folders of this process, then calls `end`; other threads
  /// cannot create or rename any in between.
  static func removeAll(_ end: () -> Never) -> Never {
    live.withLock { live in
      // Removing a temporary folder removes its files.
      for path in live.sorted() { TemporaryName.remove(path) }
      end()
    }
  }
}
