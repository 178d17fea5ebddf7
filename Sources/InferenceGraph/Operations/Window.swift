/// How a window that does not fit is treated at the border of an image.
public enum Padding: String, Sendable, Hashable {
  /// Only windows that lie inside the image count.
  case valid
  /// As many zeros are added as make the output ceil(input / stride) large, the odd one after.
  case same
}

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

/// The windows that a convolution or a pooling slides over an image.
public struct Window: Sendable, Hashable {
  /// The number of taps down and across.
  public var size: Extent
  /// The step between windows.
  public var strides: Extent
  /// The distance between taps.
  public var dilation: Extent
  /// The treatment of borders.
  public var padding: Padding

  /// Creates windows.
  public init(
    _ size: Extent, strides: Extent = .one, dilation: Extent = .one, padding: Padding = .valid
  ) {
    self.size = size
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
  }

  /// The windows down an image of the given height.
  func rows(_ height: Int) -> WindowAxis {
    WindowAxis(
      extent: height, taps: size.height, stride: strides.height, dilation: dilation.height, padding)
  }

  /// The windows across an image of the given width.
  func columns(_ width: Int) -> WindowAxis {
    WindowAxis(
      extent: width, taps: size.width, stride: strides.width, dilation: dilation.width, padding)
  }

  /// Returns the number of windows down and across an image.
  ///
  /// - Throws: ``OperationError`` if none fits or an extent is out of range.
  func counts(height: Int, width: Int) throws(OperationError) -> (rows: Int, columns: Int) {
    for extent in [size, strides, dilation]
    where !(1...65536).contains(extent.height) || !(1...65536).contains(extent.width) {
      throw OperationError(
        "a window, stride or dilation of \(extent.height)x\(extent.width) is out of range")
    }
    let (rows, columns) = (rows(height), columns(width))
    let window = "a window of \(size.height)x\(size.width)"
    guard rows.count > 0, columns.count > 0 else {
      throw OperationError("\(window) does not fit into \(height)x\(width)")
    }
    // So much padding is no network's intention, and it would have to be kept in memory.
    guard rows.before + rows.after <= 2 * height + 64,
      columns.before + columns.after <= 2 * width + 64
    else {
      throw OperationError(
        "\(window) with dilation \(dilation.height)x\(dilation.width)"
          + " reaches too far beyond \(height)x\(width)")
    }
    return (rows.count, columns.count)
  }
}

/// The windows along one axis: how many, and how many zeros come before and after.
struct WindowAxis {
  /// The number of windows; zero if none fits.
  let count: Int
  /// Zeros before the first element.
  let before: Int
  /// Zeros after the last element that a window reaches.
  let after: Int

  fileprivate init(extent: Int, taps: Int, stride: Int, dilation: Int, _ padding: Padding) {
    let reach = (taps - 1) * dilation + 1
    switch padding {
    case .valid:
      count = extent >= reach ? (extent - reach) / stride + 1 : 0
      before = 0
      after = 0
    case .same:
      count = (extent + stride - 1) / stride
      let total = Swift.max((count - 1) * stride + reach - extent, 0)
      before = total / 2
      after = total - before
    }
  }
}
