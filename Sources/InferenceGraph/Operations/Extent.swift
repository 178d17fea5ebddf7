/// A 2-D extent in pixels: heights and widths, strides, dilations.
public struct Extent: Sendable, Hashable {
  /// The vertical part.
  public var height: Int
  /// The horizontal part.
  public var width: Int

  /// Creates an extent.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// One pixel by one pixel.
  public static let one = Extent(1, 1)
}
