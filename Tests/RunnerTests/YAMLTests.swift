import DefenseKit
import Foundation
import ModelIO
import Testing

@testable import RunnerKit

@Suite("YAML files, within bounds")
struct YAMLTests {
  /// A node as short text: lists in brackets, mappings in braces, keys and texts with their lines.
  private func shown(_ node: YAMLNode) -> String {
    switch node.value {
    case .text(let text): "\(text)@\(node.line)"
    case .list(let nodes): "[\(nodes.map { shown($0) }.joined(separator: " "))]@\(node.line)"
    case .mapping(let entries):
      "{\(entries.map { "\($0.key)@\($0.line):\(shown($0.node))" }.joined(separator: " "))}"
        + "@\(node.line)"
    }
  }

  private func refusal(of text: String) -> String {
    do throws(Failure) {
      return "read as \(shown(try YAMLFile.parse(text, from: "p.yaml")))"
    } catch {
      return "\(error.status) \(error.message ?? "")"
    }
  }

  @Test("Texts, lists and mappings, with lines and in order")
  func reads() throws {
    let text = """
      # a plan
      model: a.h5
      seed: 007
      yes: no

      list:
        - one
        - 'two & three'
      flow: [a, {b: c}]
      long: |
        first
        second
      "empty": ''
      amount: 5 & 6 * 7
      """
    let wanted = """
      {model@2:a.h5@2 seed@3:007@3 yes@4:no@4 list@6:[one@7 two & three@8]@7 \
      flow@9:[a@9 {b@9:c@9}@9]@9 long@10:first
      second
      @10 empty@13:@13 amount@14:5 & 6 * 7@14}@2
      """
    for text in [text, text.replacing("\n", with: "\r\n"), "\u{FEFF}" + text] {
      let shown = shown(try YAMLFile.parse(text, from: "p.yaml")).replacing("\r\n", with: "\n")
      #expect(shown == wanted)
    }
    for nothing in ["", "\n", "# only a remark\n", "---\n", "---\n...\n"] {
      #expect(shown(try YAMLFile.parse(nothing, from: "p.yaml")) == "{}@1")
    }
  }

  @Test("Typed access, and its refusals")
  func access() throws {
    let root = try YAMLFile.parse("model: x\nseeds: [y, z]\noption: {d: e}\n", from: "p.yaml")
    let entries = try root.mapping(keys: ["model", "seeds", "option"])
    #expect(try entries["model"]?.text == "x")
    #expect(try entries["model"]?.texts == ["x"])
    #expect(try entries["seeds"]?.texts == ["y", "z"])
    #expect(try entries["option"]?.mapping.map(\.key) == ["d"])
    #expect(entries["test"] == nil)
    func message(_ body: () throws(Failure) -> Void) -> String {
      do throws(Failure) { try body() } catch { return "\(error.status) \(error.message ?? "")" }
      return "done"
    }
    #expect(
      message { () throws(Failure) in _ = try root.mapping(keys: ["model", "clean", "option"]) }
        == "64 p.yaml:2: there is no key 'seeds' (keys: model, clean, option)")
    #expect(
      message { () throws(Failure) in
        _ = try root.mapping(keys: ["model", "seeds", "options"], as: "settings")
      }
        == "64 p.yaml:3: there is no key 'option'; did you mean 'options'? "
        + "(settings: model, seeds, options)")
    #expect(
      message { () throws(Failure) in _ = try entries["seeds"]?.text }
        == "64 p.yaml:2: expected a text, not a list")
    #expect(
      message { () throws(Failure) in _ = try entries["option"]?.texts }
        == "64 p.yaml:3: expected a list, not a mapping")
    #expect(
      message { () throws(Failure) in _ = try root.mapping[0].node.mapping(keys: []) }
        == "64 p.yaml:1: expected a mapping (key: value), not a text")
  }

  static let laughs =
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + (0..<20).map { level in
      let (name, before) = ("n\(level)", level == 0 ? "a" : "n\(level - 1)")
      let aliases = Array(repeating: "*\(before)", count: 9).joined(separator: ", ")
      return "\(name): &\(name) [\(aliases)]\n"
    }.joined()

  static let refused: [(text: String, message: String)] = [
    (laughs, "65 p.yaml:1: '&a' looks like an anchor, which are not allowed"),
    ("a:\n  - &b c\n", "65 p.yaml:2: '&b' looks like an anchor"),
    ("a: *b\n", "65 p.yaml:1: '*b' looks like an alias"),
    ("*a : b", "65 p.yaml:1: '*a' looks like an alias"),
    ("&a b", "65 p.yaml:1: '&a' looks like an anchor"),
    ("\u{FEFF}&a b", "65 p.yaml:1: '&a' looks like an anchor"),
    ("? &a [x]\n: y", "65 p.yaml:1: '&a'"), ("a: [&b c,*b]", "65 p.yaml:1: '&b'"),
    ("a: [c,*b]", "65 p.yaml:1: '*b'"), ("a: [*b]", "65 p.yaml:1: '*b'"),
    ("{*b : c}", "65 p.yaml:1: '*b'"), ("{?*b : c}", "65 p.yaml:1: '*b'"),
    ("{a:*b}", "65 p.yaml:1: '*b'"), ("- a\n-\t*b", "65 p.yaml:2: '*b'"),
    ("a:\u{2028}*b", "65 p.yaml:1: '*b'"), ("a:\u{2029}*b", "65 p.yaml:1: '*b'"),
    ("a:\u{85}*b", "65 p.yaml:1: '*b'"), ("a: \r*b", "65 p.yaml:2: '*b'"),
    ("--- &a b", "65 p.yaml:1: '&a'"), ("a: !!str &b c", "65 p.yaml:1: '&b'"),
    ("# see *this*", "65 p.yaml:1: '*t'"), ("a: x *\u{1b}\n", "65 p.yaml:1: '*\\u{1b}'"),
    ("a: {<<: {b: c}}", "65 p.yaml:1: merge keys ('<<') are not read; write the settings out"),
    (
      "a: 1\nb: 2\na: 3\n",
      "65 p.yaml:1: the key 'a' of this line occurs twice; keep one"
    ),
    ("a: 1\n'a': 3\n", "65 p.yaml:1: the key 'a' of this line occurs twice"),
    (
      "a: 1\n---\nb: 2\n",
      "65 p.yaml:2: a second document begins here; give each a file of its own"
    ),
    ("a: b: c\n", "65 p.yaml:1: is not YAML: mapping values are not allowed in this context"),
    (
      "a: 'b\nc\n",
      "65 p.yaml:3: is not YAML: while scanning a quoted scalar that begins in line 1"
    ),
    ("a: [b\nc: d\n", "65 p.yaml:2: is not YAML: "), ("a:\n\tb: c\n", "65 p.yaml:2: is not YAML: "),
    ("a\nb: \u{1}\n", "65 p.yaml:2: is not YAML: control characters are not allowed"),
    ("a: b\u{0}c\n", "65 p.yaml:1: is not YAML: control characters are not allowed"),
    ("a:\nb: c\n", "65 p.yaml:1: a value is missing; write '' for an empty one"),
    ("a: !!int 3\n", "65 p.yaml:1: tags ('!') are not read; leave it out"),
    ("a: !x [b]\n", "65 p.yaml:1: tags ('!') are not read; leave it out"),
    ("a:\n  ? [b]\n  : c\n", "65 p.yaml:2: a key must be a text"),
    ("a: {[b]: c}\n", "65 p.yaml:1: a key must be a text"),
    (
      "a: " + String(repeating: "[", count: 32) + "b" + String(repeating: "]", count: 32),
      "65 p.yaml:1: lists and mappings are nested more than 32 deep"
    ),
    (
      String(repeating: "- ", count: 900) + "a",
      "65 p.yaml:1: lists and mappings are nested more than 32 deep"
    ),
    (String(repeating: "[", count: 100_000), "65 p.yaml:1: is not YAML: "),
    (String(repeating: "- ", count: 100_000) + "a", "65 p.yaml:1: is not YAML: "),
    (
      String(repeating: "{", count: 100_000), "65 p.yaml: holds too many '{' and '?' for its size"
    ),
    (
      "a: [" + String(repeating: "b,", count: 100_000) + "]",
      "65 p.yaml:1: there are more than 100,000 values"
    ),
  ]

  @Test("What is refused, with its line", arguments: refused.indices)
  func refuses(_ index: Int) {
    let (text, message) = Self.refused[index]
    let start = ContinuousClock.now
    let found = refusal(of: text)
    #expect(found.hasPrefix(message), "\(found)")
    #expect(!found.contains(where: \.isNewline) && found == found.visible)
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test("As deep and as many as may be")
  func limits() {
    let deep = String(repeating: "[", count: 31) + "b" + String(repeating: "]", count: 31)
    #expect(refusal(of: "a: \(deep)").hasPrefix("read as {a@1:[[["))
    #expect(
      refusal(of: "[" + String(repeating: "b,", count: 99_999) + "]").hasPrefix("read as [b@1 b@1"))
  }

  @Test("Keys within keys take no more than seconds")
  func nestedKeys() {
    // Just under what is refused at once: each level's key holds all those in it.
    let filling = String(repeating: "b,", count: 100_000)
    let text = String(repeating: "{[", count: 83) + filling + String(repeating: "]}", count: 83)
    let start = ContinuousClock.now
    #expect(refusal(of: text).hasPrefix("65 p.yaml:1: "))
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test("Files: missing, folders, pipes, too large, not UTF-8")
  func files() throws {
    let folder = try TemporaryFolder()
    func message(_ name: String, _ data: Data? = nil) throws -> String {
      let path = "\(folder.path)/\(name)"
      if let data { try data.write(to: URL(fileURLWithPath: path)) }
      do throws(Failure) {
        return shown(try YAMLFile.read(path))
      } catch {
        return "\(error.status) \(error.message ?? "")".replacing(folder.path, with: "")
      }
    }
    #expect(try message("no.yaml") == "66 /no.yaml: no such file; check the path")
    #expect(try message("") == "66 /: is a folder; give the file in it")
    let made = unsafe mkfifo("\(folder.path)/pipe", 0o600)
    #expect(made == 0)
    #expect(try message("pipe") == "66 /pipe: is not a regular file")
    #expect(try message("a", Data([0x61, 0xFF])) == "65 /a: is not UTF-8; save it as that")
    let limit = YAMLFile.sizeLimit
    var most = Data(repeating: UInt8(ascii: "\n"), count: limit - 4) + Data("a: b".utf8)
    #expect(try message("b", most) == "{a@\(limit - 3):b@\(limit - 3)}@\(limit - 3)")
    most.append(UInt8(ascii: "\n"))
    #expect(try message("c", most) == "65 /c: is larger than 1 MiB; is it the right file?")
  }
}
