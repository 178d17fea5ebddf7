import InferenceGraph

/// A data set open for reading.
final class HDF5Dataset: Sendable {
  let info: HDF5DatasetInfo
  private let file: HDF5File
  private let number: Int
  /// The file that holds the data set.
  let content: FileDescriptor
  private let parser: any HDF5Parser

  /// - Parameter number: The index among the data sets of the catalogue.
  init(
    file: HDF5File, number: Int, info: HDF5DatasetInfo, content: FileDescriptor,
    parser: any HDF5Parser
  ) {
    self.file = file
    self.number = number
    self.info = info
    self.content = content
    self.parser = parser
  }

  /// The number of elements in a row, one index of the first axis.
  var rowCount: Int { info.shape.dropFirst().reduce(1, *) }

  /// Copies rows into `buffer` as elements of `type`, converted if the file has another type.
  ///
  /// Contiguous elements that need no conversion are read straight from the file, by several
  /// threads at once if needed; everything else goes through the parser, one thread at a time.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    // A data set without axes counts as one row.
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= info.shape.first ?? 1,
      "\(rows) of \(info.shape)")
    let bytes = rows.count * rowCount * type.size
    precondition(buffer.count >= bytes, "a buffer of \(buffer.count) bytes for \(bytes)")
    if bytes == 0 { return }
    // The part of the buffer that is filled.
    let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes])
    if type == info.rawType, case .contiguous(let offset) = info.storage {
      return unsafe try content.read(
        at: offset + rows.lowerBound * rowCount * type.size, into: part)
    }
    guard info.elementClass != .other else {
      throw file.failure("its data set '\(info.path)' does not hold numbers")
    }
    do {
      unsafe try parser.read(dataset: number, rows: rows, as: type, into: part)
    } catch is HDF5Unreadable {
      let reason =
        "its data set '\(abbreviated(info.path))' cannot be unpacked; copy the file again"
      throw FileError(refused: Finding(.damaged, at: info.path, reason), path: file.path)
    } catch {
      throw FileError(error, reading: content, at: info.path)
    }
  }

  /// Returns rows as 32-bit floats.
  func floats(rows: Range<Int>) throws(FileError) -> [Float] {
    try values(rows, .float32, zero: Float(0))
  }

  /// Returns all elements as 32-bit floats.
  func floats() throws(FileError) -> [Float] { try floats(rows: 0..<(info.shape.first ?? 1)) }

  /// Returns all elements as 64-bit floats.
  func doubles() throws(FileError) -> [Double] {
    try values(0..<(info.shape.first ?? 1), .float64, zero: Double(0))
  }

  private func values<Element: BitwiseCopyable>(
    _ rows: Range<Int>, _ type: ElementType, zero: Element
  ) throws(FileError) -> [Element] {
    var values = [Element](repeating: zero, count: rows.count * rowCount)
    // The array holds exactly the rows requested. The error leaves through the result, because the
    // closure cannot rethrow it typed.
    let result: Result<Void, FileError> = unsafe values.withUnsafeMutableBytes { bytes in
      do throws(FileError) {
        return .success(unsafe try read(rows: rows, as: type, into: bytes))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return values
  }
}
