internal import ModelIO

/// A table for a terminal, with padded columns and a rule below the header.
struct TextTable {
  /// The lines above the rule, each a list of cells.
  var header: [[String]]
  /// The lines below the rule.
  var lines: [Line] = []
  /// The number of columns, from the left, with left-aligned texts; the others have right-aligned
  /// numbers.
  var textColumns = 1

  /// A line below the header.
  enum Line {
    /// One cell for every column.
    case cells([String])
    /// Text across all columns.
    case text(String)
  }

  /// The width in terminal columns.
  var width: Int { widths.reduce(0, +) + 2 * (widths.count - 1) }

  /// The whole table, ended by a line feed.
  var text: String {
    let widths = widths
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.terminalWidth)
        return column < textColumns ? cell + space : space + cell
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = String(repeating: "─", count: width)
    let below = lines.map {
      switch $0 {
      case .cells(let cells): line(cells)
      case .text(let text): text
      }
    }
    return (header.map(line) + [rule] + below).joined(separator: "\n") + "\n"
  }

  private var widths: [Int] {
    let rows =
      header
      + lines.compactMap {
        if case .cells(let cells) = $0 { cells } else { nil }
      }
    return header[0].indices.map { column in rows.map { $0[column].terminalWidth }.max() ?? 0 }
  }
}

extension String {
  /// The number of terminal columns of the text: wide characters take two, combining marks none.
  var terminalWidth: Int { unicodeScalars.reduce(0) { $0 + $1.terminalWidth } }

  /// Returns the text cut to at most `columns` columns; "…" replaces a cut end.
  func fitted(_ columns: Int) -> String {
    guard terminalWidth > columns else { return self }
    var (result, width) = ("", 0)
    for scalar in unicodeScalars {
      width += scalar.terminalWidth
      if width > columns - 1 { break }
      result.unicodeScalars.append(scalar)
    }
    return result + "…"
  }

  /// Returns the text in lines of at most `columns` columns, broken at spaces; a longer word is
  /// cut.
  func wrapped(_ columns: Int) -> [String] {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, "\(last) \(word)".terminalWidth <= columns {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word).fitted(columns))
      }
    }
    return lines
  }
}

extension Unicode.Scalar {
  /// The blocks that terminals show in two columns (wide and fullwidth in Unicode's East Asian
  /// Width).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
    0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
  ]

  fileprivate var terminalWidth: Int {
    if isASCII { return 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: return Self.wide.contains { $0.contains(value) } ? 2 : 1
    }
  }
}
