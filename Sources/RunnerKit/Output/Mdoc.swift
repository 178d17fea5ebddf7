/// A text in mdoc, the language of manual pages, as it grows.
struct Mdoc: Sendable {
  /// What stands behind a macro's name.
  enum Part: Sendable, ExpressibleByStringLiteral {
    /// A text, whose special characters are escaped.
    case text(String)
    /// The name of another macro.
    case macro(String)
    /// As it is.
    case raw(String)

    init(stringLiteral text: String) { self = .text(text) }
  }

  private(set) var text = ""

  /// A macro's line.
  mutating func macro(_ name: String, _ parts: Part...) { macro(name, parts) }

  /// A macro's line with one text, which goes on to the line's end.
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

  /// Running text: each sentence begins a line of its own, as the language wants it.
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

  /// A line that is not broken.
  private mutating func literal(_ line: String) {
    guard !line.isEmpty else { return }
    let escaped = Self.escaped(line)
    // A full stop or an apostrophe at the beginning would make it a macro.
    text += (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
  }

  /// Paragraphs, with empty lines between; those whose lines are all indented stay as they are.
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

  /// Lines that stay as they are.
  mutating func verbatim(_ lines: String) {
    macro("Bd", .raw("-literal -offset indent"))
    for text in lines.split(separator: "\n") { literal(String(text)) }
    macro("Ed")
  }

  /// References to other pages of section 1.
  mutating func references(_ names: [String]) {
    for (index, name) in names.enumerated() {
      macro("Xr", [.raw(name), "1"] + (index < names.count - 1 ? [","] : []))
    }
  }

  /// An option with its value, within a macro such as `Op`.
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

  /// The item of a list for an option or an argument.
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

  /// A text as one argument of a macro.
  private static func argument(_ text: String) -> String {
    let escaped = escaped(text)
    // Punctuation alone has its meaning as it is.
    let isQuoted = escaped.contains(" ") || escaped.contains("\"")
    return isQuoted ? "\"\(escaped.replacing("\"", with: "\\(dq"))\"" : escaped
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      // A hyphen-minus that can be copied; a bare one may be shown as another character.
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
