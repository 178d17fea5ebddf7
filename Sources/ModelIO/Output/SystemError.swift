#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// An error number of the system.
package struct SystemError: Error, Hashable {
  /// The value of `errno`.
  package let code: Int32

  /// Whether the disk is full or the device fails, so that another name would not help.
  var isOfDevice: Bool { [ENOSPC, EDQUOT, EFBIG, EIO].contains(code) }

  /// Calls `body` until no signal interrupts it.
  ///
  /// - Throws: The error number if the result is negative.
  @discardableResult
  static func check<Number: SignedInteger>(
    _ body: () -> Number
  ) throws(SystemError) -> Number {
    while true {
      let result = body()
      if result >= 0 { return result }
      if errno != EINTR { throw SystemError(code: errno) }
    }
  }
}
