import CSystem
import InferenceGraph
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// Requests and answers between a program and the sealed process that parses a file for it. A request
// is an operation and four numbers; answers are described at each operation.
private enum Operation: UInt64 {
  /// Answer: the length of the catalogue's frame, and the frame; ``failed`` for what is not HDF5.
  case catalogue
  /// Dataset, first row, end of the rows, type. Answer: pieces, each a length and so many bytes, until
  /// all bytes are there; ``failed`` for a length if that is not possible.
  case rows
}

private let failed = UInt64.max
private let requestSize = 40

/// Has a sealed process parse the file.
final class HDF5SealedParser: HDF5Parser {
  private let process: SealedProcess
  private let fileSize: Int
  /// Held while the process answers one request.
  private let turn = Mutex(())

  /// - Parameter fileSize: The file's size in bytes, which bounds what the process may send.
  init(_ process: SealedProcess, fileSize: Int) {
    self.process = process
    self.fileSize = fileSize
  }

  func catalogue() throws -> [UInt8]? {
    try turn.withLock { _ in
      try send(.catalogue, [0, 0, 0, 0])
      let length = try process.receiveNumber()
      if length == failed { return nil }
      guard length <= UInt64(HDF5Catalogue.maximumSize(fileSize: fileSize)) else {
        throw SealedFailure.nonsense
      }
      return try process.receive(count: Int(length))
    }
  }

  @unsafe func read(
    dataset: Int, rows: Range<Int>, as type: ElementType,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    // The buffer is used during this call alone; its address crosses the closure's boundary.
    let (address, size) = (UInt(bitPattern: buffer.baseAddress), buffer.count)
    try turn.withLock { _ in
      let kind = HDF5DatasetInfo.RawType(type).rawValue
      try send(.rows, [dataset, rows.lowerBound, rows.upperBound, Int(kind)])
      var done = 0
      while done < size {
        let length = try process.receiveNumber()
        if length == failed { throw HDF5Unreadable() }
        guard length > 0, length <= UInt64(size - done) else { throw SealedFailure.nonsense }
        try unsafe process.receive(
          into: UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(bitPattern: address + UInt(done)), count: Int(length)))
        done += Int(length)
      }
    }
  }

  private func send(_ operation: Operation, _ numbers: [Int]) throws {
    var writer = FrameWriter()
    writer.write(operation.rawValue)
    for number in numbers { writer.write(UInt64(number)) }
    try process.send(writer.bytes)
  }
}

// MARK: The sealed process

/// Does all that can be done before there is a file; called by the launcher.
@_cdecl("defensekit_prepare")
func prepareSealedProcesses() {
  HDF5Library.locked {}
}

/// Answers requests about the file at `bytes`, until the channel closes; called in the sealed process.
@_cdecl("defensekit_serve")
func serveSealed(_ bytes: UnsafeRawPointer?, _ count: Int) {
  // The launcher mapped the file for as long as the process lives.
  let reader = unsafe bytes.flatMap { unsafe HDF5Reader(image: $0, count: count) }
  while let request = receiveRequest() {
    switch Operation(rawValue: request[0]) {
    case .catalogue:
      guard let reader else {
        guard sendNumber(failed) else { return }
        continue
      }
      let frame = reader.catalogue(fileSize: count).frame
      // The array is only read.
      guard sendNumber(UInt64(frame.count)) else { return }
      let isSent = unsafe frame.withUnsafeBytes { unsafe sendAll($0) }
      guard isSent else { return }
    case .rows:
      let isRead =
        reader.map { reader in
          unsafe reader.read(
            dataset: Int(clamping: request[1]),
            rows: Int(
              clamping: request[2])..<max(Int(clamping: request[2]), Int(clamping: request[3])),
            as: HDF5DatasetInfo.RawType(rawValue: UInt8(clamping: request[4])) ?? .none
          ) { sendNumber(UInt64($0.count)) ? unsafe sendAll($0) : false }
        } ?? false
      if !isRead, !sendNumber(failed) { return }
    case nil: return
    }
  }
}

private func receiveRequest() -> [UInt64]? {
  var bytes = [UInt8](repeating: 0, count: requestSize)
  var done = 0
  while done < requestSize {
    // The rest of the array is lent to read(2).
    let count = unsafe bytes[done...].withUnsafeMutableBytes {
      unsafe read(Int32(DK_CHANNEL), $0.baseAddress, $0.count)
    }
    guard count > 0 else { return nil }
    done += count
  }
  return stride(from: 0, to: requestSize, by: 8).map { start in
    bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

private func sendNumber(_ number: UInt64) -> Bool {
  // Only its bytes are read.
  unsafe withUnsafeBytes(of: number.littleEndian) { unsafe sendAll($0) }
}

@unsafe private func sendAll(_ bytes: UnsafeRawBufferPointer) -> Bool {
  var done = 0
  while done < bytes.count {
    let count = unsafe write(
      Int32(DK_CHANNEL), bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
    guard count > 0 else { return false }
    done += count
  }
  return true
}
