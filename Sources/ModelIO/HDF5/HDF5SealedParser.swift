import InferenceGraph
import Synchronization

/// Parses a file in a sealed process.
final class HDF5SealedParser: HDF5Parser {
  private let process: SealedProcess
  private let fileSize: Int
  /// Held during a request and its answer.
  private let turn = Mutex(())

  /// - Parameter fileSize: The file's size in bytes, which bounds the size of an answer.
  init(_ process: SealedProcess, fileSize: Int) {
    self.process = process
    self.fileSize = fileSize
  }

  func catalogue() throws -> [UInt8]? {
    try turn.withLock { _ in
      try process.send(.catalogue)
      let length = try process.receiveNumber()
      if length == SealedRequest.failed { return nil }
      guard length <= UInt64(HDF5Catalogue.maximumSize(fileSize: fileSize)) else {
        throw SealedFailure.invalidAnswer
      }
      return try process.receive(count: Int(length))
    }
  }

  @unsafe func read(
    dataset: Int, rows: Range<Int>, as type: ElementType,
    into buffer: UnsafeMutableRawBufferPointer
  ) throws {
    // The buffer is used during the call only; its address crosses into the `Sendable` closure.
    let (address, size) = (UInt(bitPattern: buffer.baseAddress), buffer.count)
    try turn.withLock { _ in
      let kind = HDF5DatasetInfo.RawType(type).rawValue
      try process.send(.rows, [dataset, rows.lowerBound, rows.upperBound, Int(kind)])
      var done = 0
      while done < size {
        let length = try process.receiveNumber()
        if length == SealedRequest.failed { throw HDF5Unreadable() }
        guard length > 0, length <= UInt64(size - done) else { throw SealedFailure.invalidAnswer }
        try unsafe process.receive(
          into: UnsafeMutableRawBufferPointer(
            start: UnsafeMutableRawPointer(bitPattern: address + UInt(done)), count: Int(length)))
        done += Int(length)
      }
    }
  }
}
