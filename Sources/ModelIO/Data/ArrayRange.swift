import InferenceGraph

/// A range of an array's rows.
struct ArrayRange: StoredArray {
  private let array: any StoredArray
  private let range: Range<Int>

  /// Wraps rows of an array, which it must have.
  init(_ range: Range<Int>, of array: any StoredArray) {
    precondition(range.upperBound <= array.shape[0], "\(range) of \(array.shape)")
    self.array = array
    self.range = range
  }

  var path: String { array.path }
  var shape: [Int] { [range.count] + array.shape.dropFirst() }
  var elementClass: HDF5DatasetInfo.ElementClass { array.elementClass }
  var elementSize: Int { array.elementSize }
  var rawType: ElementType? { array.rawType }

  func check() throws(FileError) { try array.check() }

  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= range.count, "\(rows) of \(range)")
    let own = rows.lowerBound + range.lowerBound..<rows.upperBound + range.lowerBound
    // The buffer has room for as many rows.
    unsafe try array.read(rows: own, as: type, into: buffer)
  }

  func sha256() throws(FileError) -> String { try array.sha256() }
}
