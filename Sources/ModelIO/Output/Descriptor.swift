#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Every byte that the package writes to files, pipes and devices goes through here.
package enum Descriptor {
  /// Writes all bytes, however few the system takes at a time.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
    // Linux takes less than 2 GiB at a time, and other systems refuse more.
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
        // Nothing taken and no reason given: trying again might go on for ever.
        throw SystemError(code: EIO)
      } else if errno == EAGAIN {
        // Whoever shares the pipe has made it non-blocking.
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&state, 1, -1)
      } else if errno != EINTR {
        throw SystemError(code: errno)
      }
    }
  }

  /// Waits until a file's or folder's contents are on the disk.
  static func synchronize(_ descriptor: Int32) throws(SystemError) {
    do {
      #if canImport(Darwin)
        // fsync(2) leaves them in the drive's memory there.
        if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
      #endif
      try SystemError.check { fsync(descriptor) }
    } catch  where error.code == EINVAL || error.code == ENOTSUP {
      // A pipe or a device, or a file system that cannot do it for folders.
    }
  }

  /// Waits until a folder's names are on the disk.
  static func synchronize(folder: String) throws(SystemError) {
    let descriptor: Int32
    do {
      descriptor = try open(folder, O_RDONLY | O_DIRECTORY)
    } catch  where error.code == EACCES {
      // Files may be put into some folders that may not be read.
      return
    }
    defer { try? close(descriptor) }
    try synchronize(descriptor)
  }

  /// Opens a file; a program that is started meanwhile does not inherit it.
  static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0
  ) throws(SystemError) -> Int32 {
    try SystemError.check {
      // Both are the C library's open(2); Swift imports its variadic form as these overloads.
      #if canImport(Darwin)
        unsafe Darwin.open(path, flags | O_CLOEXEC, mode)
      #else
        unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
      #endif
    }
  }

  /// Closes a file; some file systems only now say that they could not write it.
  package static func close(_ descriptor: Int32) throws(SystemError) {
    #if canImport(Darwin)
      let result = Darwin.close(descriptor)
    #else
      let result = Glibc.close(descriptor)
    #endif
    // An interrupted close has closed the file nevertheless.
    if result != 0, errno != EINTR { throw SystemError(code: errno) }
  }

  /// What the system knows about a file; nil if there is none.
  static func status(_ path: String, followsLinks: Bool = true) -> stat? {
    var status = stat()
    // The structure is filled in by the call.
    let result = unsafe followsLinks ? stat(path, &status) : lstat(path, &status)
    return result == 0 ? status : nil
  }

  /// What the system knows about an open file; nil if it is not open.
  static func status(of descriptor: Int32) -> stat? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? status : nil
  }
}
