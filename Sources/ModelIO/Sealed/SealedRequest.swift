/// The requests of a program to a sealed process.
///
/// A request is an operation and four numbers, each of 8 bytes, little-endian.
enum SealedRequest: UInt64 {
  /// Answer: the length of the serialized catalogue and the catalogue, or ``failed`` if the file is
  /// not HDF5.
  case catalogue
  /// Numbers: data set, first row, end of the rows, type. Answer: pieces, each a length and that
  /// many bytes, until all rows are complete; ``failed`` in place of a length if reading fails.
  case rows
  /// Answer: a status of `CImages`; if it is 0, also width, height, channels and the samples.
  case pixels
  /// Numbers: a count of images, the number of bytes that follow, 0, 0. Then the size of each image
  /// file, and the files. Answer: as for ``pixels``, for one image after another.
  case images
  /// Answer: the length of the serialized result of parsing an ONNX file, and the result.
  case network
  /// Numbers: place and size of deflated bytes in the file, bytes to unpack, 0. Answer: as for
  /// ``rows``.
  case inflate
  /// Answer: the length of the serialized result of parsing a file of weights, and the result.
  case weights
  /// Numbers: place and size of the part of the file that all later requests are about, 0, 0. No
  /// answer; a part outside of the file counts as empty.
  case part
  /// Answer: the length of the serialized list of the arrays in a pickle, and the list.
  case arrays

  /// The size of a request in bytes.
  static let size = 40
  /// The length that reports a failure.
  static let failed = UInt64.max
}

extension SealedProcess {
  /// Sends a request.
  ///
  /// - Throws: ``SealedFailure``; the process has then ended.
  func send(_ request: SealedRequest, _ numbers: [Int] = [0, 0, 0, 0]) throws {
    var writer = MessageWriter()
    writer.write(request.rawValue)
    for number in numbers { writer.write(UInt64(number)) }
    try send(writer.bytes)
  }
}
