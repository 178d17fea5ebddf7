extension JSON {
  /// The member of an object; nil if this is not an object or has no such member.
  subscript(_ key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The element of an array; nil if this is not an array or is too short.
  subscript(_ index: Int) -> JSON? {
    if case .array(let elements) = self, elements.indices.contains(index) {
      elements[index]
    } else {
      nil
    }
  }

  var string: String? { if case .string(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  var members: [Member]? { if case .object(let value) = self { value } else { nil } }
  var isNull: Bool { if case .null = self { true } else { false } }

  /// The number as an integer; nil if it has a fraction or is out of range.
  var int: Int? { number.flatMap { Int(exactly: $0) } }

  /// The object's members by key; nil if this is not an object.
  var object: [String: JSON]? {
    members.map { Dictionary($0.map { ($0.key, $0.value) }) { first, _ in first } }
  }

  /// The array's elements as integers; nil if any element is not an integer.
  var ints: [Int]? {
    guard let array else { return nil }
    let values = array.compactMap(\.int)
    return values.count == array.count ? values : nil
  }

  /// The number, or the array's numbers, as floats; nil if this is neither.
  ///
  /// Nested arrays, which Keras writes for weights with axes of extent 1, are flattened.
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
