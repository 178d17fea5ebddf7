#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// File descriptors; the package writes all files, pipes and devices through this type.
package enum Descriptor {
  /// Writes all bytes, in as many calls as the system needs.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
    // Linux writes less than 2 GiB at a time, and other systems refuse more.
    let limit = 1 << 30
    var done = 0
    while done < bytes.count {
      // The rest of the array, which write(2) only reads.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...].prefix(limit))
        #if canImport(Darwin)
          return unsafe Darwin.write(descriptor, rest.baseAddress, rest.count)
        #else
          return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        #endif
      }
      if count > 0 {
        done += count
      } else if count == 0 {
        // A result of 0 without an error: a retry could go on forever.
        throw SystemError(code: EIO)
      } else if errno == EAGAIN {
        // A process that shares the pipe has made it non-blocking.
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&state, 1, -1)
      } else if errno != EINTR {
        throw SystemError(code: errno)
      }
    }
  }

  /// Waits until the contents of a file or folder are on the disk.
  static func synchronize(_ descriptor: Int32) throws(SystemError) {
    do {
      #if canImport(Darwin)
        // On macOS, fsync(2) leaves the contents in the drive's cache.
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
      #endif
      try SystemError.check { fsync(descriptor) }
    } catch  where error.code == EINVAL || error.code == ENOTSUP {
      // A pipe, a device, or a file system that does not support it for folders.
    }
  }

  /// Waits until the names in a folder are on the disk.
  static func synchronize(folder: String) throws(SystemError) {
    let descriptor: Int32
    do {
      descriptor = try open(folder, O_RDONLY | O_DIRECTORY)
    } catch  where error.code == EACCES {
      // Some folders are writable but not readable.
      return
    }
    defer { try? close(descriptor) }
    try synchronize(descriptor)
  }

  /// Opens a file; child processes do not inherit the descriptor.
  static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0
  ) throws(SystemError) -> Int32 {
    try SystemError.check {
      // Both calls are open(2); Swift imports the variadic function as these overloads.
      #if canImport(Darwin)
        unsafe Darwin.open(path, flags | O_CLOEXEC, mode)
      #else
        unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
      #endif
    }
  }

  /// Closes a file; some file systems report write errors only here.
  package static func close(_ descriptor: Int32) throws(SystemError) {
    #if canImport(Darwin)
      let result = Darwin.close(descriptor)
    #else
      let result = Glibc.close(descriptor)
    #endif
    // An interrupted close has closed the file anyway.
    if result != 0, errno != EINTR { throw SystemError(code: errno) }
  }

  /// Returns the system's information about a file; nil if there is none.
  static func status(_ path: String, followsLinks: Bool = true) -> stat? {
    var status = stat()
    // The call fills in the structure.
    let result = unsafe followsLinks ? stat(path, &status) : lstat(path, &status)
    return result == 0 ? status : nil
  }

  /// Returns the system's information about an open file; nil if the descriptor is not open.
  static func status(of descriptor: Int32) -> stat? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? status : nil
  }
}
