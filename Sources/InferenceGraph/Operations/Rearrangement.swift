/// An operation that moves, repeats or omits elements but keeps their values.
public enum Rearrangement: Sendable, Hashable {
  /// Axis i of the result is axis `axes[i]` of the input, counted from 0.
  case permutation(axes: [Int])
  /// Removes this number of pixels at each border of an image.
  case cropping(top: Int, bottom: Int, left: Int, right: Int)
  /// Repeats each pixel of an image as `rows` by `columns` pixels (nearest neighbors).
  case repetition(rows: Int, columns: Int)
  /// Resizes an image; each pixel is the one nearest to its center.
  case nearest(height: Int, width: Int)
  /// Inserts `rows` - 1 rows of zeros between the rows of an image and `columns` - 1 columns
  /// between its columns. Before a convolution this gives a transposed convolution with these
  /// strides.
  case zeroInsertion(rows: Int, columns: Int)
  /// Takes the elements at these positions of an axis, counted from the end: -1 is the channels'.
  case selection(axis: Int, indices: [Int])

  /// Returns the row-major position in the input of each element of the result; -1 for a zero.
  ///
  /// - Parameters:
  ///   - input: The input's shape.
  ///   - output: The result's shape.
  package func sources(_ input: [Int], _ output: [Int]) -> [Int] {
    switch self {
    case .permutation(let axes):
      var pitches = Array(repeating: 1, count: input.count)
      for axis in input.indices.dropLast().reversed() {
        pitches[axis] = pitches[axis + 1] * input[axis + 1]
      }
      var result = [0]
      for (axis, extent) in zip(axes, output) {
        result = result.flatMap { start in (0..<extent).map { start + $0 * pitches[axis] } }
      }
      return result
    case .cropping(let top, _, let left, _):
      return pixels(input, output) { ($0 + top, $1 + left) }
    case .repetition(let rows, let columns):
      return pixels(input, output) { ($0 / rows, $1 / columns) }
    case .nearest:
      return pixels(input, output) {
        (
          Self.nearest($0, input[0], output[0]), Self.nearest($1, input[1], output[1])
        )
      }
    case .zeroInsertion(let rows, let columns):
      return pixels(input, output) { y, x in
        y % rows == 0 && x % columns == 0 ? (y / rows, x / columns) : nil
      }
    case .selection(let axis, let indices):
      let place = input.count + axis
      let inner = input[(place + 1)...].reduce(1, *)
      return (0..<input[..<place].reduce(1, *)).flatMap { outer in
        indices.flatMap { index in
          (0..<inner).map { (outer * input[place] + index) * inner + $0 }
        }
      }
    }
  }

  /// Returns floor((position + 0.5) * from / to), exactly.
  private static func nearest(_ position: Int, _ from: Int, _ to: Int) -> Int {
    min((2 * position + 1) * from / (2 * to), from - 1)
  }

  private func pixels(
    _ input: [Int], _ output: [Int], _ source: (Int, Int) -> (y: Int, x: Int)?
  ) -> [Int] {
    var result: [Int] = []
    result.reserveCapacity(output.reduce(1, *))
    for y in 0..<output[0] {
      for x in 0..<output[1] {
        guard let from = source(y, x) else {
          result.append(contentsOf: repeatElement(-1, count: output[2]))
          continue
        }
        let pixel = (from.y * input[1] + from.x) * input[2]
        for c in 0..<output[2] { result.append(pixel + c) }
      }
    }
    return result
  }
}

extension Rearrangement: OperationFacts {
  package var operation: Graph.Operation { .rearrange(self) }

  package var displayName: String {
    switch self {
    case .permutation: "permutation"
    case .cropping: "cropping"
    case .repetition: "upsampling"
    case .nearest: "nearest-neighbour resizing"
    case .zeroInsertion: "zero insertion"
    case .selection(let axis, _): axis == -1 ? "channel selection" : "selection"
    }
  }

  package var channelRelation: ChannelRelation { .rearranged }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let input = inputs[0]
    switch self {
    case .permutation(let axes):
      guard axes.sorted() == Array(input.indices) else {
        throw OperationError("\(axes) is not a permutation of the axes of \(input)")
      }
      return axes.map { input[$0] }
    case .cropping(let top, let bottom, let left, let right):
      let (height, width, channels) = try image(input)
      let borders = [top, bottom, left, right]
      guard borders.allSatisfy({ (0...65536).contains($0) }), top + bottom < height,
        left + right < width
      else { throw OperationError("cropping by \(borders) leaves nothing of \(height)x\(width)") }
      return [height - top - bottom, width - left - right, channels]
    case .repetition(let rows, let columns):
      let (height, width, channels) = try image(input)
      guard (1...65536).contains(rows), (1...65536).contains(columns) else {
        throw OperationError("upsampling by \(rows)x\(columns) is out of range")
      }
      return [height * rows, width * columns, channels]
    case .nearest(let height, let width):
      let channels = try image(input).channels
      try checkSize(height, width)
      return [height, width, channels]
    case .zeroInsertion(let rows, let columns):
      let (height, width, channels) = try image(input)
      guard (1...65536).contains(rows), (1...65536).contains(columns) else {
        throw OperationError("strides of \(rows)x\(columns) are out of range")
      }
      return [(height - 1) * rows + 1, (width - 1) * columns + 1, channels]
    case .selection(let axis, let indices):
      let place = input.count + axis
      guard axis < 0, place >= 0 else {
        throw OperationError("\(input) has no axis \(axis)")
      }
      guard !indices.isEmpty, indices.count <= Graph.largestElementCount else {
        throw OperationError("it selects nothing, or too much")
      }
      if let wrong = indices.first(where: { !(0..<input[place]).contains($0) }) {
        throw OperationError("position \(wrong) is not on an axis of extent \(input[place])")
      }
      return input[..<place] + [indices.count] + input[(place + 1)...]
    }
  }
}

extension OperationFacts {
  /// Checks the size of a resized image.
  func checkSize(_ height: Int, _ width: Int) throws(OperationError) {
    guard (1...65536).contains(height), (1...65536).contains(width) else {
      throw OperationError("a size of \(height)x\(width) is out of range")
    }
  }
}
