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

extension Padding {
  var rows: AxisPadding {
    switch self {
    case .valid: .valid
    case .same: .same
    case .explicit(let top, let bottom, _, _): .explicit(before: top, after: bottom)
    }
  }

  var columns: AxisPadding {
    switch self {
    case .valid: .valid
    case .same: .same
    case .explicit(_, _, let left, let right): .explicit(before: left, after: right)
    }
  }
}
