/// Large tensors, of which only one copy is in memory while they are read.
extension ONNXFile {
  /// The number of elements that are read at once, about.
  private static let piece = 1 << 18

  /// Returns the elements of a tensor in another order, rounded to 32 bits.
  ///
  /// - Throws: As ``floats(_:)``.
  func floats(_ tensor: ONNXTensor, _ permutation: ONNXPermutation) throws -> [Float] {
    let shape = permutation.shape
    let count = shape.reduce(1, *)
    guard count > Self.piece, let (file, offset) = try plain(tensor, count) else {
      return permutation(try floats(tensor))
    }
    try use(count, of: tensor.name)
    // For each axis before, the distance of its positions in the result.
    var steps = shape
    var step = 1
    for axis in permutation.axes.reversed() {
      steps[axis] = step
      step *= shape[axis]
    }
    let row = shape[shape.count - 1]
    let rows = count / row
    let rowsAtOnce = max(1, Self.piece / row)
    var position = Array(repeating: 0, count: shape.count)
    var start = 0
    var result = [Float](repeating: 0, count: count)
    for first in stride(from: 0, to: rows, by: rowsAtOnce) {
      let size = min(rowsAtOnce, rows - first) * row
      let begin = offset + 4 * first * row
      let bytes = try file.bytes(in: begin..<begin + 4 * size)
      let values = Self.values(bytes, size: 4, as: ONNXElementType.float.float)
      for place in stride(from: 0, to: size, by: row) {
        for index in 0..<row {
          result[start + index * steps[shape.count - 1]] = values[place + index]
        }
        // Advances the position like an odometer, from the last axis but one.
        var axis = shape.count - 2
        while axis >= 0 {
          position[axis] += 1
          start += steps[axis]
          if position[axis] < shape[axis] { break }
          start -= shape[axis] * steps[axis]
          position[axis] = 0
          axis -= 1
        }
      }
    }
    return result
  }

  /// Returns where a tensor of 32-bit floats lies in row-major order; nil if it does not.
  private func plain(
    _ tensor: ONNXTensor, _ count: Int
  ) throws -> (file: FileDescriptor, offset: Int)? {
    if let entry = replacement(of: tensor), let weights {
      let stored = entry.tensor
      guard entry.mask == nil, stored.type == .float, stored.count == count,
        stored.strides == StateTensor.rowMajor(stored.shape), stored.fits(in: weights.content.size)
      else { return nil }
      return (weights.content, stored.offset)
    }
    guard tensor.type == ONNXElementType.float.rawValue,
      tensor.shape.reduce(1.0, { $0 * Double($1) }) == Double(count)
    else { return nil }
    let place: (file: FileDescriptor, offset: Int, stored: Int)
    switch tensor.storage {
    case .decoded: return nil
    case .file(let offset, let stored): place = (content, offset, stored)
    case .external(let location, let offset, let stored):
      place = (try other(location, for: abbreviated(tensor.name)), offset, stored ?? 4 * count)
    }
    guard place.stored == 4 * count, place.offset >= 0,
      place.offset <= place.file.size - 4 * count
    else { return nil }
    return (place.file, place.offset)
  }
}
