private import CSystem
internal import DefenseKit
private import Foundation

/// A worker, seen from the program that started it.
final class WorkerProcess {
  enum Event {
    case message(WorkerMessage)
    /// The process has ended.
    case ended(Ending)
    /// Nothing came in time.
    case silence
  }

  /// How a process has ended.
  struct Ending {
    /// The signal that ended it; nil if it ended by itself.
    let signal: Int32?
    let status: Int32
    /// The last line that it wrote to standard error.
    let lastWords: String?
  }

  private let process: pid_t
  /// What leads to its standard input.
  private let input: Int32
  /// What comes from its standard output and from its standard error.
  private var outputs: [(descriptor: Int32, isOpen: Bool)]
  private var ending: Ending?
  private var received: [UInt8] = []
  private var searched = 0
  /// The last 4096 bytes of standard error.
  private var tail: [UInt8] = []

  /// Starts a worker and gives it its order.
  ///
  /// - Throws: ``Failure`` with status 71 if the system does not start it.
  init(_ order: WorkOrder) throws {
    var process: pid_t = 0
    var ends: [Int32] = [-1, -1, -1]
    // The last line of what a trap prints is its reason. The three ends are filled in.
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
    // A worker that does not read it has ended, which is seen next.
    try? Descriptor.write(try MessageLine.encoded(order), to: input)
  }

  deinit {
    if ending == nil { _ = dk_child_end(process) }
    for descriptor in [input] + outputs.map(\.descriptor) { close(descriptor) }
  }

  private static var program: String {
    #if os(Linux)
      // This very program, though another one may have got its name meanwhile.
      "/proc/self/exe"
    #else
      Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
  }

  /// The next thing that happens.
  ///
  /// - Parameter patience: How long to wait for it, of which the time waited is taken away; time in
  ///   which this process itself is stopped does not count.
  func next(_ patience: inout Duration) -> Event {
    while true {
      if let line = takeLine() {
        // Anything else on the channel is a plugin's own doing.
        if let message: WorkerMessage = MessageLine.decoded(line) { return .message(message) }
        continue
      }
      if let ending { return .ended(ending) }
      // Looked at before the pipes, so that nothing that it said before its end is missed.
      let hasEnded = dk_child_has_ended(process) != 0
      let slice = hasEnded ? .zero : max(.zero, min(patience, .milliseconds(200)))
      let begin = ContinuousClock.now
      let hasRead = read(within: slice)
      patience -= min(slice, .now - begin)
      if hasRead { continue }
      // A process that a plugin has started may still hold the pipe.
      if hasEnded { end() } else if patience <= .zero { return .silence }
    }
  }

  /// Ends the process at once, with all that it has started.
  func end() {
    let status = dk_child_end(process)
    // A pipe holds no more than is read at a time, and then comes its end.
    for _ in 0..<2 { _ = read(within: .zero) }
    let words = String(decoding: tail, as: UTF8.self)
      .components(separatedBy: WorkerMessage.mark).last?
      .split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    let signal = dk_status_signal(status)
    ending = Ending(
      signal: signal == 0 ? nil : signal, status: dk_status_exit(status),
      lastWords: words.map { String($0).visible })
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

  /// Reads what there is on standard output and standard error, or comes in time; whether there was
  /// something on standard output.
  private func read(within time: Duration) -> Bool {
    // One that has been closed is left out: the system has nothing to wait for there.
    var states = outputs.map {
      pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0)
    }
    let ready = unsafe poll(
      &states, nfds_t(states.count), Int32((time / .milliseconds(1)).rounded(.up)))
    guard ready > 0 else { return false }
    var hasRead = false
    for (place, state) in states.enumerated() where state.revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      // What was read is at most as long as the buffer.
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
        tail = Array((tail + buffer[..<count]).suffix(4096))
      }
    }
    return hasRead
  }
}
