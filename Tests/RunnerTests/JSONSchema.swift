import Foundation
import Testing

@testable import ModelIO
@testable import RunnerKit

/// A JSON Schema of the program: only what its schemas use of draft 2020-12.
struct JSONSchema {
  let root: JSON

  init(_ root: JSON) { self.root = root }

  /// Reads a schema that comes with the program.
  init(named name: String) throws {
    let url = URL(fileURLWithPath: #filePath)
      .appending(path: "../../../Sources/RunnerKit/Resources/Schemas/\(name).json").standardized
    root = try JSONParser.parse(String(contentsOf: url, encoding: .utf8))
  }

  /// Returns what is wrong with a value, each with its path.
  func problems(with value: JSON) -> [String] { problems(value, root, "") }

  private static let annotations: Set = ["$schema", "$id", "$defs", "title", "description"]

  private func problems(_ value: JSON, _ schema: JSON, _ path: String) -> [String] {
    guard case .object(let rules) = schema else { return ["\(path): the schema is no object"] }
    return rules.flatMap { problems(value, $0.key, $0.value, rules, path) }
  }

  private func problems(
    _ value: JSON, _ rule: String, _ argument: JSON, _ rules: [JSON.Member], _ path: String
  ) -> [String] {
    func problem(_ isGood: Bool, _ text: String) -> [String] {
      isGood ? [] : ["\(path): \(text)"]
    }
    switch (rule, argument, value) {
    case ("$ref", .string(let name), _):
      guard name.hasPrefix("#/$defs/"), let found = definition(String(name.dropFirst(8))) else {
        return ["\(path): there is no \(name)"]
      }
      return problems(value, found, path)
    case ("anyOf", .array(let schemas), _):
      let found = schemas.map { problems(value, $0, path) }
      return found.contains(where: \.isEmpty) ? [] : found.flatMap { $0 }
    case ("type", .string(let type), _):
      return problem(Self.has(value, type), "is not of type \(type)")
    case ("type", .array(let types), _):
      let isGood = types.contains {
        if case .string(let type) = $0 { Self.has(value, type) } else { false }
      }
      return problem(isGood, "is of none of the types")
    case ("const", _, _): return problem(value == argument, "is not \(argument.text)")
    case ("enum", .array(let values), _): return problem(values.contains(value), "is not allowed")
    case ("minimum", .number(let bound), .number(let number)):
      return problem(number >= bound, "is under \(bound)")
    case ("exclusiveMinimum", .number(let bound), .number(let number)):
      return problem(number > bound, "is not over \(bound)")
    case ("maximum", .number(let bound), .number(let number)):
      return problem(number <= bound, "is over \(bound)")
    case ("pattern", .string(let pattern), .string(let text)):
      guard let expression = try? Regex(pattern) else { return ["\(path): a pattern is wrong"] }
      return problem(text.contains(expression), "does not match \(pattern)")
    case ("required", .array(let names), .object(let members)):
      return names.flatMap { name -> [String] in
        guard case .string(let name) = name else { return ["\(path): 'required' is wrong"] }
        return problem(members[name] != nil, "lacks '\(name)'")
      }
    case ("properties", .object(let schemas), .object(let members)):
      return members.flatMap { member in
        schemas[member.key].map { problems(member.value, $0, "\(path)/\(member.key)") } ?? []
      }
    case ("additionalProperties", _, .object(let members)):
      var known: [JSON.Member] = []
      if case .object(let schemas)? = rules["properties"] { known = schemas }
      return members.filter { known[$0.key] == nil }.flatMap { member in
        argument == false
          ? ["\(path): has '\(member.key)', which the schema lacks"]
          : problems(member.value, argument, "\(path)/\(member.key)")
      }
    case ("items", _, .array(let values)):
      return values.enumerated().flatMap { problems($0.element, argument, "\(path)/\($0.offset)") }
    case ("minimum", .number, _), ("exclusiveMinimum", .number, _), ("maximum", .number, _),
      ("pattern", .string, _), ("required", .array, _), ("properties", .object, _),
      ("additionalProperties", _, _), ("items", _, _):
      return []
    default:
      return problem(Self.annotations.contains(rule), "the validator does not know '\(rule)'")
    }
  }

  private func definition(_ name: String) -> JSON? {
    guard case .object(let rules) = root, case .object(let definitions)? = rules["$defs"] else {
      return nil
    }
    return definitions[name]
  }

  private static func has(_ value: JSON, _ type: String) -> Bool {
    switch (value, type) {
    case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"),
      (.array, "array"), (.object, "object"):
      true
    case (.number(let number), "integer"): number == number.rounded()
    default: false
    }
  }

  /// All schemas in this one, itself included.
  var parts: [JSON] {
    func parts(_ schema: JSON) -> [JSON] {
      guard case .object(let rules) = schema else { return [] }
      return [schema]
        + rules.flatMap { rule -> [JSON] in
          switch (rule.key, rule.value) {
          case ("properties", .object(let members)), ("$defs", .object(let members)):
            members.flatMap { parts($0.value) }
          case ("items", let value), ("additionalProperties", let value): parts(value)
          case ("anyOf", .array(let values)): values.flatMap(parts)
          default: []
          }
        }
    }
    return parts(root)
  }
}

/// Compares everything that the program writes as JSON with its schemas.
enum WrittenJSON {
  /// Checks what a run of the program printed with `--json` and wrote to `--output`.
  static func check(_ arguments: [String], _ result: RunnerProgram.Result, in folder: String?)
    throws
  {
    let first = arguments.first ?? ""
    let command = SchemaCommand.names.contains(first) ? first : "report"
    if arguments.contains("--json"), result.output.hasPrefix("{") {
      try expectValid(result.output, command, "\(arguments)")
    }
    let value = arguments.firstIndex(of: "--output").map { arguments.index(after: $0) }
    guard let value, value < arguments.count, [0, 1, 2, 75].contains(result.status) else { return }
    let output = URL(
      fileURLWithPath: arguments[value],
      relativeTo: folder.map { URL(fileURLWithPath: $0, isDirectory: true) })
    if [0, 1].contains(result.status) {
      // Other commands write other files.
      let text = try? String(contentsOf: output.appending(path: "report.json"), encoding: .utf8)
      if let text { try expectValid(text, command, output.path) }
    }
    try checkRecords(in: output.path)
  }

  /// Checks the records of a comparison.
  static func checkRecords(in output: String) throws {
    let folder = "\(output)/units"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasSuffix(".json") {
      let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      try expectValid(text, "record", "\(folder)/\(name)")
    }
  }

  static func expectValid(_ text: String, _ schema: String, _ place: String) throws {
    let problems = try JSONSchema(named: schema).problems(with: JSONParser.parse(text))
    #expect(problems == [], "\(place) is not valid by the schema \(schema)")
  }
}
