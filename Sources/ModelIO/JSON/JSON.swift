/// A JSON value, for example a report or the configuration in a Keras file.
///
/// Objects keep the order of their keys, so that equal reports give equal bytes; comparison ignores
/// the order.
public enum JSON: Sendable {
  /// The literal `null`.
  case null
  /// A Boolean.
  case bool(Bool)
  /// A number; integers above 2^53 lose precision.
  case number(Double)
  /// Text.
  case string(String)
  /// An array.
  case array([JSON])
  /// An object's members in order; keys are unique.
  case object([Member])

  /// A member of an object.
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

  /// Creates a number from an integer.
  public static func int(_ value: Int) -> JSON { .number(Double(value)) }
}

extension JSON: Hashable {
  /// Returns whether two values are equal, regardless of the order of keys.
  public static func == (left: JSON, right: JSON) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)):
      left.count == right.count && left.sorted == right.sorted
    default: false
    }
  }

  /// Hashes the value, regardless of the order of keys.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .array(let values): hasher.combine(values)
    case .object(let members): hasher.combine(members.sorted)
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates a number.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// Creates a Boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Creates an array.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// Creates an object; keys keep their order.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member($0, $1) })
  }

  /// Creates a string; null for nil.
  package init(_ text: String?) { self = text.map { .string($0) } ?? .null }

  /// Creates a number; null for nil.
  package init(_ value: Int?) { self = value.map { .int($0) } ?? .null }

  /// Creates an array of numbers.
  init(_ values: [Int]) { self = .array(values.map { .int($0) }) }

  /// Creates a number from the shortest decimal that reads back as this 32-bit float, so that 0.001
  /// is written as 0.001.
  package init(_ value: Float) { self = .number(Double("\(value)") ?? Double(value)) }

  /// Creates an object with its keys in alphabetical order.
  init(_ members: [String: JSON]) {
    self = .object(members.map { Member($0.key, $0.value) }.sorted)
  }
}

extension [JSON.Member] {
  /// The value of a key; nil if there is none.
  subscript(key: String) -> JSON? { first { $0.key == key }?.value }

  /// The members, sorted by key.
  var sorted: [JSON.Member] { sorted { $0.key < $1.key } }
}
