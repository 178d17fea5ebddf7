/// 2-D pooling with windows.
public struct Pooling: Sendable, Hashable {
  /// Maximum or average.
  public var kind: PoolingKind
  /// The window's size.
  public var window: Extent
  /// The step between windows.
  public var strides: Extent
  /// The treatment of borders.
  public var padding: Padding

  /// Creates a pooling. By default windows neither overlap nor leave gaps.
  public init(
    _ kind: PoolingKind, window: Extent, strides: Extent? = nil, padding: Padding = .valid
  ) {
    self.kind = kind
    self.window = window
    self.strides = strides ?? window
    self.padding = padding
  }

  /// The windows, without dilation.
  package var grid: Window { Window(window, strides: strides, padding: padding) }
}

extension Pooling: OperationFacts {
  package var operation: Graph.Operation { .pooling(self) }
  package var displayName: String { "\(kind.rawValue) pooling" }
  package var channelRelation: ChannelRelation { .apart }
  package var windows: Window? { grid }
  package var keepsZeros: Bool { true }

  package func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let (height, width, channels) = try image(inputs[0])
    let (rows, columns) = try grid.counts(height: height, width: width)
    // Elements outside the image are ignored: a window entirely outside would have no result.
    if case .explicit(let top, let bottom, let left, let right) = padding,
      max(top, bottom) >= window.height || max(left, right) >= window.width
    {
      throw OperationError(
        "a padding of \([top, bottom, left, right]) is too large for a window of "
          + "\(window.height)x\(window.width)")
    }
    return [rows, columns, channels]
  }
}

/// Pooling over the whole image; the result is `[channels]`, or `[1, 1, channels]`.
struct GlobalPooling: OperationFacts {
  let kind: PoolingKind
  let keepsDimensions: Bool

  var operation: Graph.Operation { .globalPooling(kind, keepsDimensions: keepsDimensions) }
  var displayName: String { "global \(kind.rawValue) pooling" }
  var channelRelation: ChannelRelation { .apart }
  var keepsZeros: Bool { true }

  func resultShape(of inputs: [[Int]]) throws(OperationError) -> [Int] {
    let channels = try image(inputs[0]).channels
    return keepsDimensions ? [1, 1, channels] : [channels]
  }
}
