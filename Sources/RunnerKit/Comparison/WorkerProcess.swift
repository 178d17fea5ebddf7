internal import DefenseKit
internal import Foundation
private import Synchronization

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

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors = Pipe()
  private let tail: Tail
  private var received: [UInt8] = []
  private var searched = 0

  /// Starts a worker and gives it its order.
  ///
  /// - Throws: ``Failure`` with status 71 if the system does not start it.
  init(_ order: WorkOrder) throws {
    tail = Tail(errors.fileHandleForReading)
    process.executableURL = Self.program
    process.arguments = [ComparisonWorker.word]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    var environment = ProcessInfo.processInfo.environment
    // The last line of what a trap prints is its reason.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    process.environment = environment
    do {
      try process.run()
    } catch {
      throw Failure(
        Failure.system, "no worker process can be started: \(error.localizedDescription)")
    }
    // Not inherited by the next worker, which would keep this one's input open.
    for pipe in [input, output, errors] {
      for file in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
        _ = fcntl(file.fileDescriptor, F_SETFD, FD_CLOEXEC)
      }
    }
    tail.begin()
    try? Descriptor.write(
      try MessageLine.encoded(order), to: input.fileHandleForWriting.fileDescriptor)
  }

  private static var program: URL? {
    #if os(Linux)
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    #else
      Bundle.main.executableURL
    #endif
  }

  /// The next thing that happens, waited for until `deadline`.
  func next(before deadline: ContinuousClock.Instant) -> Event {
    while true {
      if let line = takeLine() {
        // Anything else on the channel is a plugin's own doing.
        if let message: WorkerMessage = MessageLine.decoded(line) { return .message(message) }
        continue
      }
      let left = (deadline - .now) / .milliseconds(1)
      guard left > 0 else { return .silence }
      let descriptor = output.fileHandleForReading.fileDescriptor
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let wasRunning = process.isRunning
      let ready = unsafe poll(&state, 1, Int32(min(left.rounded(.up), 200)))
      guard ready > 0 else {
        // A process that a plugin has started may still hold the pipe.
        if !wasRunning { return .ended(ending()) }
        continue
      }
      // `FileHandle` would wait until the buffer is full. What was read is at most as long as it.
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return .ended(ending()) }
      received += buffer[..<count]
    }
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

  /// Ends the process at once.
  func kill() {
    _ = Foundation.kill(process.processIdentifier, SIGKILL)
    _ = ending()
  }

  private func ending() -> Ending {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
    let words = String(decoding: tail.wait(), as: UTF8.self)
      .split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    let isSignal = process.terminationReason == .uncaughtSignal
    return Ending(
      signal: isSignal ? process.terminationStatus : nil, status: process.terminationStatus,
      lastWords: words.map { String($0).visible })
  }
}

/// The end of what comes out of a pipe.
private final class Tail: Sendable {
  private let file: FileHandle
  private let bytes = Mutex([UInt8]())
  private let isComplete = DispatchSemaphore(value: 0)

  init(_ file: FileHandle) { self.file = file }

  /// Reads on in a thread of its own, until the pipe is closed.
  func begin() {
    Thread.detachNewThread { [self] in
      while let data = try? file.read(upToCount: 4096), !data.isEmpty {
        bytes.withLock { $0 = Array(($0 + data).suffix(4096)) }
      }
      isComplete.signal()
    }
  }

  /// Returns at most 4096 bytes from before the end, waiting for it a second at most.
  func wait() -> [UInt8] {
    _ = isComplete.wait(timeout: .now() + 1)
    return bytes.withLock { $0 }
  }
}
