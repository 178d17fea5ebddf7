/// A builder for texts in mdoc, the language of manual pages.
struct Mdoc: Sendable {
  /// An argument of a macro.
  enum Part: Sendable, ExpressibleByStringLiteral {
    /// A text with special characters, which are escaped.
    case text(String)
    /// The name of another macro.
    case macro(String)
    /// A text that is not escaped.
    case raw(String)

    init(stringLiteral text: String) { self = .text(text) }
  }

  private(set) var text = ""

  /// Appends a macro's line.
  mutating func macro(_ name: String, _ parts: Part...) { macro(name, parts) }

  /// Appends a macro's line with one text, which extends to the line's end.
  mutating func macro(_ name: String, _ text: String) {
    macro(name, [.raw(Self.escaped(text))])
  }

  private mutating func macro(_ name: String, _ parts: [Part]) {
    let texts = parts.map { part in
      switch part {
      case .text(let text): Self.argument(text)
      case .macro(let name), .raw(let name): name
      }
    }
    text += "." + ([name] + texts).joined(separator: " ") + "\n"
  }

  /// Appends running text with every sentence on a new line, as mdoc requires.
  mutating func line(_ line: String) {
    var row = ""
    for word in line.split(separator: " ") {
      if !row.isEmpty, row.count + word.count > 70 || row.hasSuffix(".") || row.hasSuffix("?") {
        literal(row)
        row = ""
      }
      row += (row.isEmpty ? "" : " ") + word
    }
    literal(row)
  }

  /// Appends a line without breaking it.
  private mutating func literal(_ line: String) {
    guard !line.isEmpty else { return }
    let escaped = Self.escaped(line)
    // A leading full stop or apostrophe would make the line a macro.
    text += (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
  }

  /// Appends paragraphs separated by empty lines; those with all lines indented stay verbatim.
  mutating func paragraphs(_ texts: String...) {
    for (index, paragraph) in texts.flatMap({ $0.split(separator: "\n\n") }).enumerated() {
      let lines = paragraph.split(separator: "\n")
      if lines.allSatisfy({ $0.hasPrefix("  ") }) {
        verbatim(lines.map { String($0.dropFirst(2)) }.joined(separator: "\n"))
        continue
      }
      if index > 0 { macro("Pp") }
      line(lines.joined(separator: " "))
    }
  }

  /// Appends lines verbatim.
  mutating func verbatim(_ lines: String) {
    macro("Bd", .raw("-literal -offset indent"))
    for text in lines.split(separator: "\n") { literal(String(text)) }
    macro("Ed")
  }

  /// Appends references to other pages of section 1.
  mutating func references(_ names: [String]) {
    for (index, name) in names.enumerated() {
      macro("Xr", [.raw(name), "1"] + (index < names.count - 1 ? [","] : []))
    }
  }

  /// Appends an option with its value, within an outer macro (`Op`, for instance) if there is one.
  mutating func option(_ option: CommandInfo.Argument, in outer: String?) {
    let name = option.longName.map { "-\($0)" } ?? option.names?.first?.name ?? ""
    var parts: [Part] = [.text(name)]
    if option.kind == .option, let value = option.valueName {
      parts += [.macro("Ar"), .text(value)]
    }
    if let outer {
      macro(outer, [.macro("Fl")] + parts)
    } else {
      macro("Fl", parts)
    }
  }

  /// Appends a list item for an option or an argument.
  mutating func item(_ argument: CommandInfo.Argument) {
    var parts: [Part] = []
    for name in argument.names ?? [] {
      parts +=
        (parts.isEmpty ? [] : [","]) + [
          .macro("Fl"), .text(name.kind == "long" ? "-\(name.name)" : name.name),
        ]
    }
    if argument.kind != .flag, let value = argument.valueName {
      parts += [.macro("Ar"), .text(value)]
    }
    macro("It", parts)
  }

  /// Returns a text as a single argument of a macro.
  private static func argument(_ text: String) -> String {
    let escaped = escaped(text)
    // Punctuation marks alone keep their meaning unquoted.
    let isQuoted = escaped.contains(" ") || escaped.contains("\"")
    return isQuoted ? "\"\(escaped.replacing("\"", with: "\\(dq"))\"" : escaped
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      // A hyphen-minus that can be copied; a bare one may be rendered as another character.
      case "-": result += "\\-"
      case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
      }
    }
    return result
  }
}
