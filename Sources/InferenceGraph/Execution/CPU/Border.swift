/// A border of zeros around an image, in pixels, as "same" padding reads it.
package struct Border: Hashable {
  package var top = 0
  package var bottom = 0
  package var left = 0
  package var right = 0

  package init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }

  package mutating func widen(rows: WindowAxis, columns: WindowAxis) {
    top = max(top, rows.before)
    bottom = max(bottom, rows.after)
    left = max(left, columns.before)
    right = max(right, columns.after)
  }

  static func + (a: Border, b: Border) -> Border {
    Border(
      top: a.top + b.top, bottom: a.bottom + b.bottom, left: a.left + b.left,
      right: a.right + b.right)
  }
}
