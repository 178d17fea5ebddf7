import CSealProbes
import Testing

/// What is tried from within a sealed process must fail, and must succeed outside of one: otherwise the
/// attempt itself would prove nothing.
@Suite struct SealTests {
  static let attempts: [(name: String, number: Int)] = [
    ("open a file", DK_TRY_OPEN), ("create a file", DK_TRY_OPEN_FOR_WRITING),
    ("delete a file", DK_TRY_UNLINK), ("make a socket", DK_TRY_SOCKET),
    ("connect a socket that is there", DK_TRY_CONNECT), ("fork", DK_TRY_FORK),
    ("clone", DK_TRY_THREAD), ("execute a program", DK_TRY_EXEC),
    ("send a signal to the parent", DK_TRY_KILL_PARENT),
    ("read the parent's memory", DK_TRY_READ_PARENT), ("trace", DK_TRY_TRACE_PARENT),
    ("read a descriptor that is open", DK_TRY_READ_INPUT),
    ("write to standard output", DK_TRY_WRITE_OUTPUT),
    ("map executable memory", DK_TRY_EXECUTABLE_MEMORY),
    ("make memory executable", DK_TRY_MAKE_EXECUTABLE), ("map a file", DK_TRY_MAP_FILE),
    ("raise a limit", DK_TRY_RAISE_LIMIT), ("use io_uring", DK_TRY_IO_RING),
    ("use x32 calls", DK_TRY_OLD_CALLS), ("take all memory", DK_TRY_ALL_MEMORY),
    ("take shared memory", DK_TRY_SHARED_MEMORY), ("take all addresses", DK_TRY_ADDRESSES),
  ].map { ($0.0, Int($0.1)) }

  @Test(arguments: attempts)
  func fails(_ attempt: (name: String, number: Int)) {
    let outside = dk_probe(Int32(attempt.number), 0)
    #expect(outside == 0, "\(attempt.name): outside it should succeed, but gave \(outside)")
    let inside = dk_probe(Int32(attempt.number), 1)
    #expect(inside != 0, "\(attempt.name): it succeeded in a sealed process")
    #expect(inside != 1000, "the process was not sealed entirely")
    // Everything but memory is refused by the list of calls, most with the process's end.
    #expect(
      [-31, 13, 9, 12].contains(inside), "\(attempt.name): ended with \(inside) for another reason")
  }

  @Test func isComplete() { #expect(Self.attempts.count == Int(DK_TRY_END)) }
}
