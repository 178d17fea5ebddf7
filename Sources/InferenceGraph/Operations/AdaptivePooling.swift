/// Average pooling to a fixed size: row y of the result is the mean of the input's rows
/// floor(y * from / to) to ceil((y + 1) * from / to) - 1, where `from` and `to` are the two heights;
/// the same holds for columns.
///
/// Equals PyTorch's `AdaptiveAvgPool2d`.
public struct AdaptivePooling: Sendable, Hashable {
  /// The height of the result.
  public var height: Int
  /// The width of the result.
  public var width: Int

  /// Creates a pooling.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// Returns the positions of the input that a position of the result is the mean of.
  package static func window(_ position: Int, from: Int, to: Int) -> Range<Int> {
    position * from / to..<((position + 1) * from + to - 1) / to
  }

  /// Returns one channel, pooled.
  ///
  /// - Parameters:
  ///   - values: The pixels, row-major.
  ///   - shape: The image's shape.
  func pooled(_ values: [Double], from shape: [Int]) -> [Double] {
    (0..<height).flatMap { y in
      let rows = Self.window(y, from: shape[0], to: height)
      return (0..<width).map { x in
        let columns = Self.window(x, from: shape[1], to: width)
        let all = rows.flatMap { row in columns.map { values[row * shape[1] + $0] } }
        return all.reduce(0, +) / Double(all.count)
      }
    }
  }
}

extension AdaptivePooling: OperationFacts {
  package var operation: Graph.Operation { .adaptivePooling(self) }
  package var displayName: String { "adaptive average pooling" }
  package var channelRelation: ChannelRelation { .apart }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let channels = try image(inputs[0]).channels
    try checkSize(height, width)
    return [height, width, channels]
  }
}
