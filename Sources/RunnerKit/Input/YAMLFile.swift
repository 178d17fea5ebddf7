internal import DefenseKit
private import Foundation
private import Yams

/// Reads YAML files of settings, within bounds.
///
/// Values are texts, lists and mappings; the code that uses a text interprets it. Anchors, aliases,
/// tags and merge keys are refused, because with them a file of a few lines can expand to any size.
enum YAMLFile {
  /// The maximum size of a file in bytes.
  static let sizeLimit = 1 << 20
  /// The maximum depth of nested lists and mappings.
  static let depthLimit = 32
  /// The maximum number of values and keys.
  static let nodeLimit = 100_000

  private typealias Node = Yams.Node

  /// Reads a file.
  ///
  /// - Throws: ``Failure`` with status 66 if the file is missing, else 65; its message names the
  ///   file and, if known, the line.
  static func read(_ path: String) throws(Failure) -> YAMLNode {
    try parse(contents(of: path), from: path)
  }

  /// Parses the text of a file; an empty text is an empty mapping.
  static func parse(_ text: String, from path: String) throws(Failure) -> YAMLNode {
    try YAMLScan.check(text, from: path)
    let root: Node?
    do {
      // Without an explicit encoding, the parser asks the environment. Without resolver rules, a
      // plain `no` is a text like any other.
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw failure(error as? YamlError ?? .no, in: text, from: path)
    }
    guard let root, !isNothing(root) else {
      return YAMLNode(file: path, line: 1, value: .mapping([]))
    }
    var conversion = Conversion(file: path)
    return try conversion.convert(root, depth: 0)
  }

  private static func contents(of path: String) throws(Failure) -> String {
    let missing = { (reason: String) in
      Failure(Failure.missingInput, "\(path.isEmpty ? "''" : path): \(reason)".visible)
    }
    // Opening a pipe would otherwise wait for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw missing(
        code == ENOENT ? "no such file; \(advice(onMissing: path))" : errorText(code).lowercased())
    }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw missing(
        status.st_mode & S_IFMT == S_IFDIR
          ? "is a folder; give the file in it" : "is not a regular file")
    }
    let data: Data
    do {
      data = try file.read(upToCount: sizeLimit + 1) ?? Data()
    } catch {
      throw missing("cannot be read")
    }
    guard data.count <= sizeLimit else {
      throw Failure(Failure.data, "\(path): is larger than 1 MiB; is it the right file?".visible)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw Failure(Failure.data, "\(path): is not UTF-8; save it as that".visible)
    }
    return text
  }

  /// Whether a node is an empty plain scalar, which stands for a missing value.
  private static func isNothing(_ node: Node) -> Bool {
    node.scalar.map { $0.string.isEmpty && $0.style == .plain } ?? false
  }

  /// Returns Yams's error as one line.
  private static func failure(_ error: YamlError, in text: String, from path: String) -> Failure {
    func failure(_ line: Int, _ message: String) -> Failure {
      Failure(Failure.data, "\(path):\(line): \(message)".visible)
    }
    func words(_ context: YamlError.Context?, _ problem: String) -> String {
      guard let context else { return problem }
      return "\(context.text) that begins in line \(context.mark.line): \(problem)"
    }
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _):
      return failure(mark.line, "is not YAML: \(words(context, problem)) (column \(mark.column))")
    case .composer(_, _, let mark, _):
      return failure(mark.line, "a second document begins here; give each a file of its own")
    case .duplicatedKeysInMapping(let names, let context):
      return failure(
        context.mark.line,
        "the key '\(names.first ?? "")' of this line occurs twice; keep one")
    case .reader(let problem, let offset, _, _):
      let line = 1 + text.prefix(offset ?? 0).count { $0.isNewline }
      return failure(line, "is not YAML: \(problem)")
    case .memory: return Failure(Failure.system, "\(path): there is too little memory".visible)
    default: return Failure(Failure.data, "\(path): is not YAML: \(error)".visible)
    }
  }

  /// Converts Yams's nodes to ours and counts them.
  private struct Conversion {
    let file: String
    private var count = 0

    init(file: String) { self.file = file }

    mutating func convert(_ node: Node, depth: Int) throws(Failure) -> YAMLNode {
      let line = node.mark?.line ?? 1
      func refusal(_ message: String) -> Failure {
        Failure(Failure.data, "\(file):\(line): \(message)".visible)
      }
      guard depth <= depthLimit else {
        throw refusal("lists and mappings are nested more than \(depthLimit) deep")
      }
      count += 1
      guard count <= nodeLimit else { throw refusal("there are more than 100,000 values") }
      guard [Tag.Name.str, .seq, .map].map(\.rawValue).contains(node.tag.description) else {
        throw refusal("tags ('!') are not read; leave it out")
      }
      switch node {
      case .scalar(let scalar):
        guard !isNothing(node) else {
          throw refusal("a value is missing; write '' for an empty one")
        }
        return YAMLNode(file: file, line: line, value: .text(scalar.string))
      case .sequence(let sequence):
        var nodes: [YAMLNode] = []
        for node in sequence { nodes.append(try convert(node, depth: depth + 1)) }
        return YAMLNode(file: file, line: line, value: .list(nodes))
      case .mapping(let mapping):
        var entries: [YAMLNode.Entry] = []
        var keys: Set<String> = []
        for (keyNode, valueNode) in mapping {
          let key = try convert(keyNode, depth: depth + 1)
          guard case .text(let name) = key.value else {
            throw key.refusal("a key must be a text", status: Failure.data)
          }
          guard keys.insert(name).inserted else {
            throw key.refusal("the key '\(name)' occurs twice", status: Failure.data)
          }
          guard name != "<<" else {
            throw key.refusal(
              "merge keys ('<<') are not read; write the settings out", status: Failure.data)
          }
          entries.append(
            .init(key: name, line: key.line, node: try convert(valueNode, depth: depth + 1)))
        }
        return YAMLNode(file: file, line: line, value: .mapping(entries))
      case .alias: throw refusal("aliases ('*') are not read; write the value out")
      }
    }
  }
}
