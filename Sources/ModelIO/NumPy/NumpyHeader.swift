import InferenceGraph

/// The header of a NumPy array in the .npy format, versions 1 to 3.
struct NumpyHeader: Sendable {
  /// The first bytes of every array.
  static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// The largest size of the dictionary in bytes, which is NumPy's own.
  static let maximumSize = 10_000
  /// The number of bytes to pass to ``init(_:size:)``: those of the largest header.
  static let prefixSize = 12 + maximumSize

  /// The reasons why an array cannot be read.
  enum Failure: Error, Equatable {
    /// It holds Python objects, which only unpickling would restore.
    case objects
    /// It is not what its header says, or has none; the text completes "its array 'x' ...".
    case damaged(String)
  }

  /// The element type; nil if it is not one of real numbers.
  let type: NumpyType?
  /// The size of an element in bytes; 1 if the type is unknown.
  let elementSize: Int
  /// Whether the first axis varies fastest.
  let isFortran: Bool
  /// The extent of every axis.
  let shape: [Int]
  /// The size of the header in bytes, after which the elements follow.
  let count: Int

  /// Parses the beginning of an array.
  ///
  /// - Parameters:
  ///   - start: The first ``prefixSize`` bytes, or all of them.
  ///   - size: The size of header and elements in bytes.
  init(_ start: [UInt8], size: Int) throws(Failure) {
    guard start.starts(with: Self.signature), start.count >= 10 else {
      throw .damaged("is not in NumPy's format; save it again with numpy.save")
    }
    guard (1...3).contains(start[6]) else {
      throw .damaged("has the unknown version \(start[6]) of the format; save it again")
    }
    let prefix = start[6] == 1 ? 10 : 12
    let length = start[8..<min(prefix, start.count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.maximumSize else {
      throw .damaged("has a header of \(length) bytes, more than NumPy itself reads; save it again")
    }
    guard start.count >= prefix + length else {
      throw .damaged("ends within its header; copy it again")
    }
    guard let fields = NumpyLiteral.fields(Array(start[prefix..<prefix + length])) else {
      throw .damaged("has a header that is none of NumPy's; save it again")
    }
    if fields.type?.dropFirst().first == "O" { throw .objects }
    type = fields.type.flatMap { NumpyType($0) }
    elementSize = type?.size ?? 1
    isFortran = fields.isFortran
    shape = fields.shape
    count = prefix + length
    let extents = shape.map { UInt64($0) }
    guard let bytes = HDF5DatasetInfo.byteCount(extents, UInt64(elementSize)) else {
      throw .damaged("claims a size that no file has; copy it again")
    }
    guard type == nil || bytes == size - count else {
      throw .damaged(
        "claims \(bytes) bytes of elements, but has \(size - count); copy it again")
    }
  }

  /// Creates the description of elements that have no header in front.
  ///
  /// - Parameter shape: The extents, whose product fits the elements.
  init(type: NumpyType, isFortran: Bool, shape: [Int]) {
    self.type = type
    elementSize = type.size
    self.isFortran = isFortran
    self.shape = shape
    count = 0
  }

  /// The number of elements.
  var elementCount: Int { shape.reduce(1, *) }

  /// Whether the elements are stored in another order than the last axis fastest.
  var isTransposed: Bool { isFortran && shape.count { $0 > 1 } > 1 }

  /// Returns elements of which the first axis varies fastest in the order in which the last does.
  func reordered(_ elements: [UInt8]) -> [UInt8] {
    guard isTransposed, !elements.isEmpty else { return elements }
    // The distance in `elements` between neighbours along each axis, in elements.
    let strides = shape.indices.map { shape[..<$0].reduce(1, *) }
    var result: [UInt8] = []
    result.reserveCapacity(elements.count)
    var index = [Int](repeating: 0, count: shape.count)
    var from = 0
    while result.count < elements.count {
      result += elements[from * elementSize..<(from + 1) * elementSize]
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        from += strides[axis]
        if index[axis] < shape[axis] { break }
        from -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}
