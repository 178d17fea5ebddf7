private import Foundation
internal import ModelIO

/// A JSON value whose objects keep the order of their keys, so that equal values give equal bytes.
public enum JSON: Sendable, Hashable {
  /// Nothing.
  case null
  /// True or false.
  case bool(Bool)
  /// An integer.
  case int(Int)
  /// A number; one that isn't finite is written as null.
  case number(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case array([JSON])
  /// Keys and values in order.
  case object([Member])

  /// A key with its value.
  public struct Member: Sendable, Hashable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSON

    /// Creates a member.
    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The value as text, indented by two spaces and ended by a line feed; what fits on a line of
  /// 100 columns stays on one.
  public var text: String { written(indent: 0, column: 0) + "\n" }

  /// The text on one line.
  private var line: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .number(let value): value.isFinite ? shortText(value) : "null"
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.line).joined(separator: ", ") + "]"
    case .object(let members):
      members.isEmpty
        ? "{}"
        : "{ "
          + members.map { Self.quoted($0.key) + ": " + $0.value.line }.joined(separator: ", ")
          + " }"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private func written(indent: Int, column: Int) -> String {
    let line = line
    if isScalar || column + line.count <= 98 { return line }
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .array(let values) where values.allSatisfy(\.isScalar):
      return "[\n" + Self.filled(values.map(\.line), inner) + "\n\(outer)]"
    case .array(let values):
      let items = values.map { inner + $0.written(indent: indent + 2, column: indent + 2) }
      return "[\n" + items.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      let items = members.map { member in
        let key = inner + Self.quoted(member.key) + ": "
        return key + member.value.written(indent: indent + 2, column: key.count)
      }
      return "{\n" + items.joined(separator: ",\n") + "\n\(outer)}"
    default: return line
    }
  }

  /// Scalars, as many on a line as fit.
  private static func filled(_ items: [String], _ indent: String) -> String {
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

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case let hidden where hidden.isHidden:
        for unit in String(hidden).utf16 { result += "\\u" + String(format: "%04x", unit) }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates an integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// Creates a Boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Creates an array.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// Creates an object; keys keep their order.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member($0, $1) })
  }

  /// The string, or null.
  init(_ text: String?) { self = text.map { .string($0) } ?? .null }
}
