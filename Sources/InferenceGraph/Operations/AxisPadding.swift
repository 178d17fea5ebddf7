/// A padding along one axis.
enum AxisPadding {
  case valid
  case same
  case explicit(before: Int, after: Int)
}
