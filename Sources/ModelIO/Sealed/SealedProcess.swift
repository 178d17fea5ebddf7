import CSystem
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A process that parses one file, and the channel to it; for one thread at a time.
///
/// An attacker may control everything that it sends.
final class SealedProcess: Sendable {
  private struct State {
    /// How the process ended; nil while it runs.
    var failure: SealedFailure?
    /// The remaining waiting time in milliseconds.
    var timeout: Int
  }

  /// How far the process is sealed.
  let posture: Sandbox.Posture
  let process: pid_t
  private let channel: Int32
  private let state: Mutex<State>

  /// Starts a process for an open file; nil if the system or the program does not support it.
  ///
  /// - Parameter timeout: The total waiting time; it grows by one second for every megabyte
  ///   received. Time in which this process itself is stopped does not count.
  /// - Throws: ``LaunchFailure`` if the process could not be started.
  init?(file: Int32, timeout: Duration = .seconds(60)) throws(LaunchFailure) {
    guard let (process, channel) = try Launcher.shared.open(file: file) else { return nil }
    self.process = process
    self.channel = channel
    let milliseconds =
      timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
    state = Mutex(State(timeout: Int(milliseconds)))
    guard let measures = Self.measures(channel) else {
      // The process started, but ended before it was sealed.
      _ = close(channel)
      _ = Launcher.shared.end(process)
      throw LaunchFailure(code: EAGAIN)
    }
    posture = measures == UInt32(DK_SEALED_FULLY) ? .full : .partial
  }

  /// Receives the process's first message: the measures that took effect.
  private static func measures(_ channel: Int32) -> UInt32? {
    var event = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
    var ready: Int32
    repeat { ready = unsafe poll(&event, 1, 20_000) } while ready < 0 && errno == EINTR
    var measures: UInt32 = 0
    // recv(2) writes at most four bytes; the process sends them at once.
    let count = unsafe recv(channel, &measures, 4, Int32(MSG_WAITALL))
    return ready == 1 && count == 4 ? measures : nil
  }

  deinit {
    _ = close(channel)
    let hasEnded = state.withLock { $0.failure != nil }
    if !hasEnded { _ = Launcher.shared.end(process) }
  }

  /// Sends a request.
  ///
  /// - Throws: ``SealedFailure``; the process has then ended.
  func send(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      // The rest of the array, which is only read.
      let count = unsafe bytes[done...].withUnsafeBytes {
        unsafe Self.send(channel, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.end(process, state) }
      done += count
    }
  }

  /// Fills a buffer with what the process sends.
  ///
  /// - Throws: ``SealedFailure``; the process has then ended.
  @unsafe func receive(into buffer: UnsafeMutableRawBufferPointer) throws {
    try unsafe Self.fill(buffer, channel, process, state)
  }

  /// Receives `count` bytes; the caller must have checked the number.
  ///
  /// - Throws: ``SealedFailure``; the process has then ended.
  func receive(count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // read(2) uses the array during the call only.
    try unsafe bytes.withUnsafeMutableBytes { try unsafe receive(into: $0) }
    return bytes
  }

  /// Receives a number.
  ///
  /// - Throws: ``SealedFailure``; the process has then ended.
  func receiveNumber() throws -> UInt64 {
    try receive(count: 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Sends a request that is answered by a length and that many bytes, and returns these.
  ///
  /// - Parameter limit: The largest length.
  /// - Throws: ``SealedFailure``; the process has then ended, unless the answer is too long.
  func answer(to request: SealedRequest, limit: Int) throws -> [UInt8] {
    try send(request)
    let length = try receiveNumber()
    guard length <= UInt64(limit) else { throw SealedFailure.invalidAnswer }
    return try receive(count: Int(length))
  }

  /// Ends the process, or determines how it has ended; later calls return the same failure.
  private static func end(
    _ process: pid_t, _ state: borrowing Mutex<State>, _ reason: SealedFailure? = nil
  ) -> SealedFailure {
    state.withLock { state in
      if let failure = state.failure { return failure }
      let signal = Launcher.shared.end(process)
      let failure = reason ?? signal.map { .ended(signal: $0) } ?? .lost
      state.failure = failure
      return failure
    }
  }

  @unsafe private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, _ channel: Int32, _ process: pid_t,
    _ state: borrowing Mutex<State>
  ) throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
    var done = 0
    while done < buffer.count {
      // In slices of a second, so that a stop of this process costs at most one of them.
      let slice = state.withLock { max(0, min($0.timeout, 1000)) }
      var event = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
      let begin = ContinuousClock.now
      let ready = unsafe poll(&event, 1, Int32(slice))
      let waited = Int((ContinuousClock.now - begin) / .milliseconds(1))
      let isOver = state.withLock {
        $0.timeout -= min(waited, slice)
        return $0.timeout <= 0
      }
      if ready < 0 && errno == EINTR { continue }
      if ready == 0 {
        if isOver { throw end(process, state, .tooSlow) }
        continue
      }
      // read(2) writes into the part of the buffer that is not filled yet.
      let count = unsafe read(channel, buffer.baseAddress! + done, buffer.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw end(process, state) }
      done += count
      state.withLock { $0.timeout += count >> 10 }
    }
  }

  @unsafe private static func send(
    _ channel: Int32, _ bytes: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Darwin)
      unsafe Darwin.send(channel, bytes, count, 0)
    #else
      // Without this flag, SIGPIPE would end this process if the other one is gone.
      unsafe Glibc.send(channel, bytes, count, Int32(MSG_NOSIGNAL))
    #endif
  }
}
