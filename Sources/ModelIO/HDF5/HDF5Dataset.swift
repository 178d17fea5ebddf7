import InferenceGraph

/// A data set open for reading.
final class HDF5Dataset: StoredArray {
  /// The path by which it was found, which may be that of a link.
  let path: String
  let info: HDF5DatasetInfo
  private let file: HDF5File
  private let number: Int
  /// The file that holds the data set.
  let content: FileDescriptor
  private let parser: any HDF5Parser

  /// - Parameter number: The index among the data sets of the catalogue.
  init(
    file: HDF5File, path: String, number: Int, info: HDF5DatasetInfo, content: FileDescriptor,
    parser: any HDF5Parser
  ) {
    self.path = path
    self.file = file
    self.number = number
    self.info = info
    self.content = content
    self.parser = parser
  }

  var shape: [Int] { info.shape }
  var elementClass: HDF5DatasetInfo.ElementClass { info.elementClass }
  var elementSize: Int { info.elementSize }
  var rawType: ElementType? { info.rawType }

  func sha256() throws(FileError) -> String { try ModelIO.sha256(of: content) }

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
}
