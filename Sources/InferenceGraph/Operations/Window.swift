/// How a window that does not fit is treated at the border of an image.
///
/// A convolution reads zeros outside the image; in a pooling what lies outside does not count.
public enum Padding: Sendable, Hashable {
  /// Only windows that lie inside the image count.
  case valid
  /// As many zeros are added as make the output ceil(input / stride) large, the odd one after.
  case same
  /// So many pixels are added at each border.
  case explicit(top: Int, bottom: Int, left: Int, right: Int)
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
  package func rows(_ height: Int) -> WindowAxis {
    WindowAxis(
      extent: height, taps: size.height, stride: strides.height, dilation: dilation.height,
      padding.rows)
  }

  /// The windows across an image of the given width.
  package func columns(_ width: Int) -> WindowAxis {
    WindowAxis(
      extent: width, taps: size.width, stride: strides.width, dilation: dilation.width,
      padding.columns)
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
    if case .explicit(let top, let bottom, let left, let right) = padding,
      ![top, bottom, left, right].allSatisfy({ (0...65536).contains($0) })
    {
      throw OperationError("a padding of \([top, bottom, left, right]) is out of range")
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
package struct WindowAxis: Equatable {
  /// The number of windows; zero if none fits.
  package let count: Int
  /// Zeros before the first element.
  package let before: Int
  /// Zeros after the last element that a window reaches.
  package let after: Int

  fileprivate init(extent: Int, taps: Int, stride: Int, dilation: Int, _ padding: AxisPadding) {
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
    case .explicit(let first, let last):
      let padded = first + extent + last
      count = padded >= reach ? (padded - reach) / stride + 1 : 0
      before = first
      after = Swift.max((count - 1) * stride + reach - first - extent, 0)
    }
  }
}

/// A padding along one axis.
private enum AxisPadding {
  case valid
  case same
  case explicit(before: Int, after: Int)
}

extension Padding {
  fileprivate var rows: AxisPadding {
    switch self {
    case .valid: .valid
    case .same: .same
    case .explicit(let top, let bottom, _, _): .explicit(before: top, after: bottom)
    }
  }

  fileprivate var columns: AxisPadding {
    switch self {
    case .valid: .valid
    case .same: .same
    case .explicit(_, _, let left, let right): .explicit(before: left, after: right)
    }
  }
}
