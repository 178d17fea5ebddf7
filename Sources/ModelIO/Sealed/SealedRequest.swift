/// What a program asks the sealed process that parses a file for it.
///
/// A request is an operation and four numbers; answers are described at each operation.
enum SealedRequest: UInt64 {
  /// Answer: the length of the catalogue's frame, and the frame; ``failed`` for what is not HDF5.
  case catalogue
  /// Dataset, first row, end of the rows, type. Answer: pieces, each a length and so many bytes, until
  /// all bytes are there; ``failed`` for a length if that is not possible.
  case rows
  /// Answer: how reading the file as PNG ended, a status of `CImages`; if well, width, height, channels,
  /// and the pixels.
  case pixels

  /// The size of a request in bytes.
  static let size = 40
  /// A length that says that there is nothing to send.
  static let failed = UInt64.max
}

extension SealedProcess {
  /// Sends a request.
  ///
  /// - Throws: ``SealedFailure``; the process is gone then.
  func send(_ request: SealedRequest, _ numbers: [Int] = [0, 0, 0, 0]) throws {
    var writer = FrameWriter()
    writer.write(request.rawValue)
    for number in numbers { writer.write(UInt64(number)) }
    try send(writer.bytes)
  }
}
