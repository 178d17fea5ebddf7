import CSystem

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Why a sealed process gave no answer.
enum SealedFailure: Error {
  /// It was ended by this signal, or by itself if 0.
  case ended(signal: Int32)
  /// It took too long.
  case tooSlow
  /// It answered what no honest process would.
  case nonsense
}

extension SealedFailure {
  /// What a parser's failure says about the file.
  static func finding(_ error: any Error, at location: String = "") -> Finding {
    switch error {
    case SealedFailure.tooSlow:
      Finding(.parserLimit, at: location, "takes too long to read; the reader was ended")
    case SealedFailure.ended(SIGKILL), SealedFailure.ended(SIGXCPU):
      Finding(.parserLimit, at: location, "takes too much memory or time to read")
    case SealedFailure.ended(SIGSYS):
      Finding(
        .parserCrash, at: location,
        "makes libhdf5 try what a reader never does; its process, which was sealed off, was ended")
    case SealedFailure.ended(let signal) where signal != 0:
      Finding(
        .parserCrash, at: location,
        "crashes libhdf5 (signal \(signal)), in a process of its own; do not open it elsewhere")
    default:
      Finding(.parserAnswer, at: location, "made the process that reads it answer nonsense")
    }
  }
}

/// A process that parses one file, and the channel to it.
///
/// Whatever it sends may have been chosen by an attacker.
final class SealedProcess: Sendable {
  /// How far it is sealed off.
  let posture: Sandbox.Posture
  let process: pid_t
  private let channel: Int32

  /// Starts a process for an open file; nil where that cannot be done.
  init?(file: Int32) {
    guard let (process, channel) = Launcher.shared.open(file: file) else { return nil }
    self.process = process
    self.channel = channel
    do {
      let measures = try Self.receive(4, from: channel, of: process, until: .now + .seconds(20))
      posture = measures == [UInt8(DK_SEALED_FULLY), 0, 0, 0] ? .full : .partial
    } catch {
      _ = close(channel)
      Launcher.shared.end(process)
      return nil
    }
  }

  deinit {
    _ = close(channel)
    Launcher.shared.end(process)
  }

  /// Sends a request.
  func send(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      // The rest of the array, which is only read.
      let count = unsafe bytes[done...].withUnsafeBytes {
        unsafe Self.send(channel, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw SealedFailure.ended(signal: Launcher.shared.end(process))
      }
      done += count
    }
  }

  /// Fills a buffer with what the process sends.
  ///
  /// - Throws: ``SealedFailure``; the process is gone then.
  @unsafe func receive(
    into buffer: UnsafeMutableRawBufferPointer, until deadline: ContinuousClock.Instant
  ) throws {
    unsafe try Self.fill(buffer, from: channel, of: process, deadline)
  }

  /// Receives so many bytes, a number that was checked.
  ///
  /// - Throws: ``SealedFailure``; the process is gone then.
  func receive(count: Int, until deadline: ContinuousClock.Instant) throws -> [UInt8] {
    try Self.receive(count, from: channel, of: process, until: deadline)
  }

  /// Receives a number.
  ///
  /// - Throws: ``SealedFailure``; the process is gone then.
  func receiveNumber(until deadline: ContinuousClock.Instant) throws -> UInt64 {
    try receive(count: 8, until: deadline).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func receive(
    _ count: Int, from channel: Int32, of process: pid_t, until deadline: ContinuousClock.Instant
  ) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Lent to read(2).
    try unsafe bytes.withUnsafeMutableBytes {
      try unsafe fill($0, from: channel, of: process, deadline)
    }
    return bytes
  }

  @unsafe private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from channel: Int32, of process: pid_t,
    _ deadline: ContinuousClock.Instant
  ) throws {
    var done = 0
    while done < buffer.count {
      let left = ContinuousClock.now.duration(to: deadline)
      let milliseconds =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      var event = pollfd(fd: channel, events: Int16(POLLIN), revents: 0)
      let ready = milliseconds > 0 ? unsafe poll(&event, 1, Int32(clamping: milliseconds)) : 0
      if ready < 0 && errno == EINTR { continue }
      guard ready != 0 else {
        Launcher.shared.end(process)
        throw SealedFailure.tooSlow
      }
      // read(2) writes into the part of the buffer that is not filled yet.
      let count = unsafe read(channel, buffer.baseAddress! + done, buffer.count - done)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw SealedFailure.ended(signal: Launcher.shared.end(process)) }
      done += count
    }
  }

  @unsafe private static func send(
    _ channel: Int32, _ bytes: UnsafeRawPointer?, _ count: Int
  ) -> Int {
    #if canImport(Darwin)
      unsafe Darwin.send(channel, bytes, count, 0)
    #else
      // A process that is gone must not end this one by SIGPIPE.
      unsafe Glibc.send(channel, bytes, count, Int32(MSG_NOSIGNAL))
    #endif
  }
}
