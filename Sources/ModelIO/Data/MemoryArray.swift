import InferenceGraph

/// An array of integers in memory, such as classes that come from the names of folders.
struct MemoryArray: StoredArray {
  let path: String
  private let values: [Int32]

  /// Creates an array of one axis.
  init(_ name: String, of values: [Int32]) {
    path = name
    self.values = values
  }

  var shape: [Int] { [values.count] }
  var elementClass: HDF5DatasetInfo.ElementClass { .integer }
  var elementSize: Int { 4 }
  var rawType: ElementType? { nil }

  func read(
    rows: Range<Int>, as type: ElementType, into buffer: UnsafeMutableRawBufferPointer
  ) throws(FileError) {
    // The part of the array, which is only read; the buffer is checked.
    unsafe Array(values[rows]).withUnsafeBytes {
      unsafe NumpyType.int32.convert($0, to: type, into: buffer)
    }
  }

  func sha256() throws(FileError) -> String {
    ModelIO.sha256(
      of: values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } })
  }
}
