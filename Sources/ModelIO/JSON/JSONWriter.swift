extension JSON {
  /// The value as text with a final line feed, indented by two spaces; arrays and objects that fit
  /// within 100 columns stay on one line. Numbers that are not finite become null.
  public var text: String { JSONWriter(form: .document).written(self, indent: 0, column: 0) + "\n" }

  /// The value as Python's `json.dumps(value, sort_keys=True)` writes it: ASCII on one line, with
  /// `NaN` and `Infinity`.
  var pythonText: String { JSONWriter(form: .python).line(self) }
}

/// Serializes JSON.
private struct JSONWriter {
  enum Form {
    /// For people and programs; see ``JSON/text``.
    case document
    /// For Keras; see ``JSON/pythonText``.
    case python
  }

  let form: Form

  /// Returns the value on one line.
  func line(_ value: JSON) -> String {
    switch value {
    case .null: return "null"
    case .bool(let value): return "\(value)"
    case .number(let value): return text(value)
    case .string(let value): return quoted(value)
    case .array(let values):
      return "[" + values.map { line($0) }.joined(separator: ", ") + "]"
    case .object(let members):
      let list = (form == .python ? members.sorted : members)
        .map { quoted($0.key) + ": " + line($0.value) }.joined(separator: ", ")
      return form == .python || members.isEmpty ? "{\(list)}" : "{ \(list) }"
    }
  }

  /// Returns the value on as many lines as needed.
  ///
  /// - Parameters:
  ///   - indent: The indentation of the line on which the value begins.
  ///   - column: The column at which the value begins.
  func written(_ value: JSON, indent: Int, column: Int) -> String {
    let line = line(value)
    if value.isScalar || column + line.count <= 98 { return line }
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch value {
    case .array(let values) where values.allSatisfy(\.isScalar):
      return "[\n" + filled(values.map { self.line($0) }, inner) + "\n\(outer)]"
    case .array(let values):
      let items = values.map { inner + written($0, indent: indent + 2, column: indent + 2) }
      return "[\n" + items.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      let items = members.map { member in
        let key = inner + quoted(member.key) + ": "
        return key + written(member.value, indent: indent + 2, column: key.count)
      }
      return "{\n" + items.joined(separator: ",\n") + "\n\(outer)}"
    default: return line
    }
  }

  /// Returns scalars with as many on a line as fit.
  private func filled(_ items: [String], _ indent: String) -> String {
    var lines: [String] = []
    var current = indent
    for (index, item) in items.enumerated() {
      let piece = item + (index + 1 < items.count ? "," : "")
      if current.count > indent.count, current.count + 1 + piece.count > 100 {
        lines.append(current)
        current = indent
      }
      current += (current.count > indent.count ? " " : "") + piece
    }
    return (lines + [current]).joined(separator: "\n")
  }

  /// Returns the shortest decimal of a number, without a point for integers.
  private func text(_ number: Double) -> String {
    if form == .python {
      if number.isNaN { return "NaN" }
      if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
      if let int = Int(exactly: number) { return "\(int)" }
    }
    guard number.isFinite else { return "null" }
    let text = "\(number)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n" where form == .document: result += "\\n"
      case "\t" where form == .document: result += "\\t"
      case "\r" where form == .document: result += "\\r"
      case let other where other.isHidden || (form == .python && !other.isASCII):
        for unit in String(other).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension JSON {
  fileprivate var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
