/// The treatment of windows that reach beyond the border of an image.
///
/// A convolution reads zeros outside the image; a pooling ignores elements outside.
public enum Padding: Sendable, Hashable {
  /// Only windows that lie inside the image count.
  case valid
  /// Adds zeros until the output has extent ceil(input / stride); an odd zero comes after the
  /// image.
  case same
  /// Adds this number of pixels at each border.
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
