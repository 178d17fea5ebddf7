/// Bilinear resizing: each pixel is the weighted mean of the four pixels around its center.
///
/// The center of pixel y of the result lies at (y + 1/2) * from / to - 1/2 in the input, where
/// `from` and `to` are the two heights; the same holds for columns. Positions beyond the border
/// take the border's value. Equals `tf.image.resize` without antialiasing.
public struct BilinearResizing: Sendable, Hashable {
  /// The height of the result.
  public var height: Int
  /// The width of the result.
  public var width: Int

  /// Creates a resizing.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Returns one channel, resized.
  ///
  /// - Parameters:
  ///   - values: The pixels, row-major.
  ///   - shape: The image's shape.
  func resized(_ values: [Double], from shape: [Int]) -> [Double] {
    let rows = Self.neighbours(from: shape[0], to: height)
    let columns = Self.neighbours(from: shape[1], to: width)
    return rows.flatMap { row in
      columns.map { column in
        func mix(_ y: Int) -> Double {
          let (a, b) = (values[y * shape[1] + column.first], values[y * shape[1] + column.second])
          return a + (b - a) * Double(column.share)
        }
        return mix(row.first) + (mix(row.second) - mix(row.first)) * Double(row.share)
      }
    }
  }

  /// The two neighbors of a pixel along one axis, and the weight of the second.
  struct Neighbours {
    let first: Int
    let second: Int
    let share: Float
  }

  /// Returns the neighbors of each position of the result along an axis.
  static func neighbours(from: Int, to: Int) -> [Neighbours] {
    // In single precision, like TensorFlow.
    let scale = Float(from) / Float(to)
    return (0..<to).map { position in
      let centre = (Float(position) + 0.5) * scale - 0.5
      let floor = centre.rounded(.down)
      return Neighbours(
        first: max(Int(floor), 0), second: min(Int(centre.rounded(.up)), from - 1),
        share: centre - floor)
    }
  }
}

extension BilinearResizing: OperationFacts {
  package var operation: Graph.Operation { .resize(self) }
  package var displayName: String { "bilinear resizing" }
  package var channelRelation: ChannelRelation { .rearranged }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let channels = try image(inputs[0]).channels
    try checkSize(height, width)
    return [height, width, channels]
  }
}
