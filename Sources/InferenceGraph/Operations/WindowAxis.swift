/// The windows along one axis: their number and the zeros before and after.
package struct WindowAxis: Equatable {
  /// The number of windows; zero if none fits.
  package let count: Int
  /// Zeros before the first element.
  package let before: Int
  /// Zeros after the last element that a window reaches.
  package let after: Int

  init(extent: Int, taps: Int, stride: Int, dilation: Int, _ padding: AxisPadding) {
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
