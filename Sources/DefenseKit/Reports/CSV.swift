internal import ModelIO

/// Fields as RFC 4180 has them, in lines that end with a line feed.
enum CSV {
  /// Returns a line of fields that are written already.
  static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  /// Returns a text as a field.
  ///
  /// - Hidden characters are written as ``Swift/String/visible`` does, so that a line of the file is a line
  ///   of the table.
  /// - A text that a spreadsheet would take for a formula, as it begins with `=`, `+`, `-` or `@`, gets an
  ///   apostrophe in front: layer names and reasons come from a stranger's file. Numbers are written
  ///   by ``number(_:)``, and stay numbers.
  /// - It is put in quotes if it holds a comma or a quote.
  static func text(_ text: String) -> String {
    var field = text.visible
    if let first = field.unicodeScalars.first, "=+-@".unicodeScalars.contains(first) {
      field = "'" + field
    }
    guard field.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" }) else { return field }
    return "\"" + field.escaped { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// Returns a number with all its digits as a field; empty for none.
  static func number(_ value: Double?) -> String { value.map { shortText($0) } ?? "" }
}
