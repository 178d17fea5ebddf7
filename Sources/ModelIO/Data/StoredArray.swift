import InferenceGraph

/// An array of numbers in a data file, which is read on demand.
protocol StoredArray: Sendable {
  /// Its name or path in the file.
  var path: String { get }
  /// The extent of every axis; empty for a single number.
  var shape: [Int] { get }
  /// The class of the element type in the file.
  var elementClass: HDF5DatasetInfo.ElementClass { get }
  /// The size of an element in the file, in bytes.
  var elementSize: Int { get }
  /// The type that the bytes have without conversion, if it is an element type.
  var rawType: ElementType? { get }

  /// Reads what can only be read as a whole, so that damage is found now.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func check() throws(FileError)

  /// Copies rows, indices of the first axis, into `buffer` as elements of `type`, converted if the
  /// file has another type. An array without axes counts as one row.
  ///
  /// Several threads may read at once.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError)

  /// Returns the SHA-256 of the file's bytes: 64 hexadecimal digits.
  ///
  /// - Throws: ``FileError`` if the file cannot be read.
  func sha256() throws(FileError) -> String
}

extension StoredArray {
  func check() throws(FileError) {}

  /// The number of elements in a row, one index of the first axis.
  var rowCount: Int { shape.dropFirst().reduce(1, *) }

  /// Returns rows as 32-bit floats.
  func floats(rows: Range<Int>) throws(FileError) -> [Float] {
    try values(rows, .float32, zero: Float(0))
  }

  /// Returns all elements as 32-bit floats.
  func floats() throws(FileError) -> [Float] { try floats(rows: 0..<(shape.first ?? 1)) }

  /// Returns all elements as 64-bit floats.
  func doubles() throws(FileError) -> [Double] {
    try values(0..<(shape.first ?? 1), .float64, zero: Double(0))
  }

  private func values<Element: BitwiseCopyable>(
    _ rows: Range<Int>, _ type: ElementType, zero: Element
  ) throws(FileError) -> [Element] {
    var values = [Element](repeating: zero, count: rows.count * rowCount)
    // The array holds exactly the rows requested.
    try unsafe filling(&values) { bytes throws(FileError) in
      unsafe try read(rows: rows, as: type, into: bytes)
    }
    return values
  }
}

/// Calls `body` with the bytes of an array to fill.
///
/// The closure of the standard library's function cannot rethrow a typed error; this one does.
@unsafe func filling<Element: BitwiseCopyable>(
  _ array: inout [Element],
  _ body: (UnsafeMutableRawBufferPointer) throws(FileError) -> Void
) throws(FileError) {
  let result: Result<Void, FileError> = unsafe array.withUnsafeMutableBytes { buffer in
    do throws(FileError) {
      return .success(unsafe try body(buffer))
    } catch {
      return .failure(error)
    }
  }
  try result.get()
}
