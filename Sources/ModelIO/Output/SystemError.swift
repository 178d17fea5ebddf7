#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The system's number for what went wrong.
package struct SystemError: Error {
  /// The value of `errno`.
  package let code: Int32

  /// Whether there is no room or the device fails: nothing that another name would help with.
  var isOfDevice: Bool { [ENOSPC, EDQUOT, EFBIG, EIO].contains(code) }

  /// Does `body` again as long as a signal interrupts it.
  ///
  /// - Throws: The reason why it returned a negative number.
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
