/// A tensor of a state dict: its name and type, and where its elements lie in the file.
struct StateTensor: Sendable, Hashable {
  /// The key.
  var name: String
  /// The type of its elements, which are little-endian.
  var type: ONNXElementType
  /// The extents.
  var shape: [Int]
  /// For each axis, the distance between neighbours in elements.
  var strides: [Int]
  /// The place of the first element in the file.
  var offset: Int

  /// The largest number of axes.
  static let maximumRank = 64
  /// The largest number of elements.
  static let maximumCount = 1 << 31

  /// The number of elements; nil if it is larger than ``maximumCount``, or an extent is negative.
  var count: Int? { Self.count(of: shape) }

  /// Returns the number of elements of a shape; nil if it is larger than ``maximumCount``, or an
  /// extent is negative.
  static func count(of shape: [Int]) -> Int? {
    guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = 1
    for extent in shape {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard !overflows, product <= maximumCount else { return nil }
      count = product
    }
    return count
  }

  /// Returns the strides of elements in row-major order without gaps, of a shape with a
  /// ``count(of:)``.
  static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    // Without elements, the product of the other extents is not bounded.
    if shape.contains(0) { return strides }
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  /// The number of elements from the first to the last in the file; nil if two of them would share a
  /// place, or one lies before the first.
  var extent: Int? {
    guard let count, strides.count == shape.count, shape.count <= Self.maximumRank else {
      return nil
    }
    if count == 0 { return 0 }
    // Every step must lead behind everything that the smaller steps reach.
    var reached = 0
    let axes = shape.indices.filter { shape[$0] > 1 }.sorted { strides[$0] < strides[$1] }
    for axis in axes {
      guard strides[axis] > reached else { return nil }
      let (way, overflows) = (shape[axis] - 1).multipliedReportingOverflow(by: strides[axis])
      let (sum, exceeds) = reached.addingReportingOverflow(way)
      guard !overflows, !exceeds, sum < 1 << 48 else { return nil }
      reached = sum
    }
    return reached + 1
  }

  /// Whether the elements lie in the file in row-major order without gaps; for a tensor with a
  /// ``count``.
  var isContiguous: Bool {
    let standard = Self.rowMajor(shape)
    return shape.contains(0)
      || shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == standard[$0] }
  }

  /// Whether all elements lie in a file of this size, each in a place of its own.
  func fits(in size: Int) -> Bool {
    guard let extent, offset >= 0, offset <= size else { return false }
    return extent <= (size - offset) / type.size
  }

  /// Returns the elements' bytes in row-major order.
  ///
  /// - Parameter content: A file that the tensor ``fits(in:)``.
  /// - Throws: ``FileError`` if the file cannot be read.
  func bytes(in content: FileDescriptor) throws(FileError) -> [UInt8] {
    let (count, size) = (count ?? 0, type.size)
    if count == 0 { return [] }
    let stored = try content.bytes(at: offset, count: (extent ?? 0) * size)
    if isContiguous { return stored }
    var result: [UInt8] = []
    result.reserveCapacity(count * size)
    let source = stored.span
    // The stride of an axis with one element may be any number.
    let strides = zip(shape, strides).map { $0 > 1 ? $1 : 0 }
    var position = Array(repeating: 0, count: shape.count)
    var place = 0
    while true {
      for byte in 0..<size { result.append(source[place * size + byte]) }
      // Advances the position like an odometer.
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        place += strides[axis]
        if position[axis] < shape[axis] { break }
        place -= shape[axis] * strides[axis]
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return result }
    }
  }
}
