internal import DefenseKit

/// A value of a YAML file, with its file and line for messages.
struct YAMLNode: Sendable {
  /// A key of a mapping with its value.
  struct Entry: Sendable {
    let key: String
    /// The key's line, counted from 1.
    let line: Int
    let node: YAMLNode
  }

  enum Value: Sendable {
    case text(String)
    case list([YAMLNode])
    /// The entries in the file's order, each key once.
    case mapping([Entry])
  }

  /// The file's path as named by the user; empty for a value of the command line.
  let file: String
  /// The line where the value starts, counted from 1.
  let line: Int
  let value: Value

  /// The value as text; numbers and Booleans keep their spelling.
  ///
  /// - Throws: ``Failure`` with status 64 if it is a list or a mapping.
  var text: String {
    get throws(Failure) {
      guard case .text(let text) = value else {
        throw refusal("expected a text, not \(kind)")
      }
      return text
    }
  }

  /// Whether the value is this text.
  func isText(_ text: String) -> Bool {
    if case .text(text) = value { true } else { false }
  }

  /// The texts of a list; a single text is a list of one.
  ///
  /// - Throws: ``Failure`` with status 64 for a mapping, or a list that holds anything but texts.
  var texts: [String] {
    get throws(Failure) { try list.map { node throws(Failure) in try node.text } }
  }

  /// The values of a list; a single text is a list of one.
  ///
  /// - Throws: ``Failure`` with status 64 for a mapping.
  var list: [YAMLNode] {
    get throws(Failure) {
      switch value {
      case .text: return [self]
      case .list(let nodes): return nodes
      case .mapping: throw refusal("expected a list, not a mapping")
      }
    }
  }

  /// The entries of a mapping with any keys.
  ///
  /// - Throws: ``Failure`` with status 64 for other values.
  var mapping: [Entry] {
    get throws(Failure) {
      guard case .mapping(let entries) = value else {
        throw refusal("expected a mapping (key: value), not \(kind)")
      }
      return entries
    }
  }

  /// Returns the entries of a mapping and checks its keys.
  ///
  /// - Parameters:
  ///   - keys: The allowed keys.
  ///   - title: A plural noun for the keys in the message.
  /// - Throws: ``Failure`` with status 64 if the value is not a mapping, or for the first unknown
  ///   key, with the most similar known one.
  func mapping(keys: [String], as title: String = "keys") throws(Failure) -> [Entry] {
    let entries = try mapping
    for entry in entries where !keys.contains(entry.key) {
      let near = nearestName(to: entry.key, among: keys).map { "; did you mean '\($0)'?" } ?? ""
      throw refusal(
        "there is no key '\(entry.key)'\(near) (\(title): \(keys.joined(separator: ", ")))",
        line: entry.line)
    }
    return entries
  }

  /// Returns an error about this value: file, line and message.
  func refusal(_ message: String, line: Int? = nil, status: Int32 = Failure.usage) -> Failure {
    let place = file.isEmpty ? "" : "\(file):\(line ?? self.line): "
    return Failure(status, "\(place)\(message)".visible)
  }

  private var kind: String {
    switch value {
    case .text: "a text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

extension [YAMLNode.Entry] {
  /// The value of a key; nil if there is none.
  subscript(key: String) -> YAMLNode? { first { $0.key == key }?.node }
}
