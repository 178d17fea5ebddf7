internal import ModelIO

/// CSV fields as specified by RFC 4180, in lines that end with a line feed.
enum CSV {
  /// Returns a line of fields that are already escaped.
  static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  /// Returns a text as a field.
  ///
  /// - Hidden characters are replaced as by ``Swift/String/visible``, so that each line of the file
  ///   is a row of the table.
  /// - A text that begins with `=`, `+`, `-` or `@`, which a spreadsheet would evaluate as a
  ///   formula, gets an apostrophe in front: layer names and reasons come from untrusted files.
  ///   Numbers are written by ``number(_:)`` and stay numbers.
  /// - A text with a comma or a quotation mark is quoted.
  static func text(_ text: String) -> String {
    var field = text.visible
    if let first = field.unicodeScalars.first, "=+-@".unicodeScalars.contains(first) {
      field = "'" + field
    }
    guard field.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" }) else { return field }
    return "\"" + field.escaped { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// Returns a number with all its digits as a field; empty for nil.
  static func number(_ value: Double?) -> String { value.map { shortText($0) } ?? "" }
}
