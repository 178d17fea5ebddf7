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
    // No network means to pad this much, and the padding would take up memory.
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
