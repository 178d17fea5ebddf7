/// Formats an integer with commas between groups of three digits.
func grouped(_ number: Int) -> String {
  var digits = Array(String(number.magnitude))
  var position = digits.count - 3
  while position > 0 {
    digits.insert(",", at: position)
    position -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}

extension String {
  /// Returns the text with spaces before it, at least `count` characters long.
  func padded(to count: Int) -> String {
    String(repeating: " ", count: max(0, count - self.count)) + self
  }

  /// Returns the text with spaces after it, at least `count` characters long.
  func padding(to count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}

extension String {
  /// The number of terminal columns of the text: two for wide East Asian characters, none for
  /// combining marks.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

  /// Returns the text, shortened with an ellipsis if it takes more than `count` columns.
  func clipped(to count: Int) -> String {
    guard columns > count else { return self }
    var (result, room) = ("", count - 1)
    for character in self {
      room -= String(character).columns
      if room < 0 { break }
      result.append(character)
    }
    return result + "…"
  }

  /// Returns the text with spaces after it, at least `count` columns wide.
  func filling(_ count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - columns))
  }
}

extension Unicode.Scalar {
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    return switch value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
