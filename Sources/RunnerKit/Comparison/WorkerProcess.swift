private import CSystem
internal import DefenseKit
private import Foundation

/// A worker process as its parent sees it.
final class WorkerProcess {
  enum Event {
    case message(WorkerMessage)
    /// The process ended.
    case ended(Ending)
    /// No message arrived in time.
    case silence
  }

  /// How a process ended.
  struct Ending {
    /// The signal that ended it; nil if it exited.
    let signal: Int32?
    let status: Int32
    /// The last line of its standard error; nil if there is none.
    let lastErrorLine: String?
  }

  private let process: pid_t
  /// The write end of its standard input.
  private let input: Int32
  /// The read ends of its standard output and standard error.
  private var outputs: [(descriptor: Int32, isOpen: Bool)]
  private var ending: Ending?
  private var received: [UInt8] = []
  private var searched = 0
  /// The last 4096 bytes of standard error.
  private var lastOutput: [UInt8] = []

  /// Starts a worker and sends it its order.
  ///
  /// - Throws: ``Failure`` with status 71 if the system cannot start it.
  init(_ order: WorkOrder) throws {
    var process: pid_t = 0
    var ends: [Int32] = [-1, -1, -1]
    // A trap's last line is its reason. The call fills in the three ends.
    let failure = unsafe dk_child_spawn(
      Self.program, programName, ComparisonWorker.word, "SWIFT_BACKTRACE=enable=no", &ends, &process
    )
    guard failure == 0 else {
      throw Failure(
        Failure.system,
        "no worker process can be started: \(errorText(failure).lowercased()); run the same command "
          + "again")
    }
    self.process = process
    input = ends[0]
    outputs = ends[1...].map { ($0, true) }
    // If the worker does not read it, the worker has ended, which `next(_:)` reports.
    try? Descriptor.write(try MessageLine.encoded(order), to: input)
  }

  deinit {
    if ending == nil { _ = dk_child_end(process) }
    for descriptor in [input] + outputs.map(\.descriptor) { close(descriptor) }
  }

  private static var program: String {
    #if os(Linux)
      // This program, even if another file has its path by now.
      "/proc/self/exe"
    #else
      Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
  }

  /// Returns the next event.
  ///
  /// - Parameter remaining: The time limit, reduced by the time spent waiting; time while this
  ///   process is stopped does not count.
  func next(_ remaining: inout Duration) -> Event {
    while true {
      if let line = takeLine() {
        // Anything else on the channel comes from a plugin.
        if let message: WorkerMessage = MessageLine.decoded(line) { return .message(message) }
        continue
      }
      if let ending { return .ended(ending) }
      // Checked before the pipes, so that no message sent before the end is missed.
      let hasEnded = dk_child_has_ended(process) != 0
      let slice = hasEnded ? .zero : max(.zero, min(remaining, .milliseconds(200)))
      let begin = ContinuousClock.now
      let hasRead = read(within: slice)
      remaining -= min(slice, .now - begin)
      if hasRead { continue }
      // A child process of a plugin may still hold the pipe.
      if hasEnded { end() } else if remaining <= .zero { return .silence }
    }
  }

  /// Kills the process and all its child processes.
  func end() {
    let status = dk_child_end(process)
    // A pipe holds at most as much as one read returns; the second read finds its end.
    for _ in 0..<2 { _ = read(within: .zero) }
    let words = String(decoding: lastOutput, as: UTF8.self)
      .components(separatedBy: WorkerMessage.mark).last?
      .split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    let signal = dk_status_signal(status)
    ending = Ending(
      signal: signal == 0 ? nil : signal, status: dk_status_exit(status),
      lastErrorLine: words.map { String($0).visible })
  }

  private func takeLine() -> ArraySlice<UInt8>? {
    guard let end = received[searched...].firstIndex(of: 0x0A) else {
      searched = received.count
      return nil
    }
    let line = received[..<end]
    received = Array(received[(end + 1)...])
    searched = 0
    return line
  }

  /// Reads available output, or waits for some until a time limit.
  ///
  /// - Returns: Whether standard output had data.
  private func read(within time: Duration) -> Bool {
    // `poll` ignores closed pipes, which are passed as -1.
    var states = outputs.map {
      pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0)
    }
    let ready = unsafe poll(
      &states, nfds_t(states.count), Int32((time / .milliseconds(1)).rounded(.up)))
    guard ready > 0 else { return false }
    var hasRead = false
    for (place, state) in states.enumerated() where state.revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      // `read` writes at most as many bytes as the buffer has.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Foundation.read(state.fd, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 {
        outputs[place].isOpen = false
      } else if place == 0 {
        received += buffer[..<count]
        hasRead = true
      } else {
        lastOutput = Array((lastOutput + buffer[..<count]).suffix(4096))
      }
    }
    return hasRead
  }
}
