/// A JSON document: what a Keras configuration is read from and written to.
///
/// It is a parser of our own because configurations come from the suspect's file: it bounds the
/// depth, refuses duplicate keys, and takes the `NaN` and `Infinity` that Python writes.
enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The member of an object; nil where this is no object or has no such member.
  subscript(_ key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The element of an array; nil where this is no array or too short.
  subscript(_ index: Int) -> JSONValue? {
    if case .array(let elements) = self, elements.indices.contains(index) {
      elements[index]
    } else {
      nil
    }
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  var object: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
  var isNull: Bool { self == .null }

  /// The number as an integer; nil if it has a fraction or is out of range.
  var int: Int? { number.flatMap { Int(exactly: $0) } }

  /// The array's elements as integers; nil if one is none.
  var ints: [Int]? {
    guard let array else { return nil }
    let values = array.compactMap(\.int)
    return values.count == array.count ? values : nil
  }

  /// The number or the array's numbers as floats; nil if this is neither.
  ///
  /// Nested arrays, which Keras writes for weights with axes of extent 1, are joined.
  var floats: [Float]? {
    switch self {
    case .number(let value): return [Float(value)]
    case .array(let elements):
      var result: [Float] = []
      for element in elements {
        guard let floats = element.floats else { return nil }
        result += floats
      }
      return result
    default: return nil
    }
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .number(Double(value)) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  init(nilLiteral: ()) { self = .null }
  init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(uniqueKeysWithValues: elements))
  }

  init(_ value: Int) { self = .number(Double(value)) }

  /// The shortest decimal that reads back as this 32-bit float, so that 0.001 stays 0.001.
  init(_ value: Float) { self = .number(Double("\(value)") ?? Double(value)) }

  init(_ values: [Int]) { self = .array(values.map { JSONValue($0) }) }
}
