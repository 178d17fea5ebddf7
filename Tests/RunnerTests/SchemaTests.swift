import DefenseKit
import Foundation
import Testing

@testable import ModelIO
@testable import RunnerKit

@Suite("Schemas of reports and records")
struct SchemaTests {
  @Test("schema lists all schemas")
  func list() throws {
    let result = try RunnerProgram.run(["schema"])
    #expect(result.status == 0 && result.errors == "")
    #expect(
      result.output == """
        report    2  What 'runner run' writes as report.json and prints with --json.
        attack    2  What 'runner attack' writes as report.json and prints with --json.
        evaluate  2  What 'runner evaluate --json' prints.
        scan      2  What 'runner scan' writes as report.json and prints with --json.
        inspect   1  What 'runner inspect --json' prints.
        data      1  What 'runner data --json' prints.
        record    5  What 'runner compare' writes as units/KEY.json. A key without a value is left out.

        """)
  }

  @Test("schema prints the file, which has the number that is written", arguments: numbers.keys)
  func print(name: String) throws {
    let result = try RunnerProgram.run(["schema", name])
    #expect(result.status == 0 && result.errors == "")
    #expect(try JSONParser.parse(result.output) == JSONSchema(named: name).root)
    guard case .object(let rules) = try JSONSchema(named: name).root,
      case .object(let properties)? = rules["properties"],
      case .object(let schema)? = properties["schema"]
    else {
      Issue.record("no property 'schema'")
      return
    }
    #expect(schema["const"] == .int(try #require(Self.numbers[name])))
  }

  static let numbers = [
    "report": Report.schema, "attack": AttackReport.schema, "evaluate": EvaluateCommand.schema,
    "scan": ScanCommand.schema, "inspect": 1, "data": DataSummary.schema,
    "record": ComparisonRecord.currentSchema,
  ]

  @Test("A schema that there is not")
  func unknown() throws {
    #expect(Set(Self.numbers.keys) == Set(SchemaCommand.names))
    let result = try RunnerProgram.run(["schema", "reprot"])
    #expect(result.status == 64)
    #expect(
      result.errors
        == "runner: there is no schema 'reprot'; did you mean 'report'? (schemas: report, "
        + "attack, evaluate, scan, inspect, data, record)\n")
  }

  @Test("Every object names all of its keys, and allows no other", arguments: numbers.keys)
  func strict(name: String) throws {
    for part in try JSONSchema(named: name).parts {
      guard case .object(let rules) = part else { continue }
      if rules["type"] == "object" || rules["properties"] != nil {
        #expect(rules["additionalProperties"] != nil, "\(part.text)")
      }
      guard case .object(let properties)? = rules["properties"] else { continue }
      #expect(rules["additionalProperties"] == false)
      guard case .array(let required)? = rules["required"] else {
        Issue.record("no 'required' in \(part.text)")
        continue
      }
      for case .string(let key) in required { #expect(properties[key] != nil, "\(key)") }
    }
  }

  private static let evaluation = """
    {"schema": 2, "test": {"correct": 8, "images": 10}, "poisoned": {"hits": 1, "images": 2}}
    """

  @Test(
    "What is wrong is found, with its path",
    arguments: [
      (#""correct": 8"#, #""correct": 8.5"#, "/test/correct: is not of type integer", 2),
      (#""correct": 8"#, #""correct": "8""#, "/correct: is not of type integer", 2),
      (#""correct": 8, "#, "", "/test: lacks 'correct'", 2),
      (#""images": 10"#, #""images": 0"#, "/test/images: is under 1.0", 2),
      (#""correct""#, #""right""#, "/test: has 'right', which the schema lacks", 3),
      (#""schema": 2"#, #""schema": 1"#, "/schema: is not 2\n", 1),
      (#""schema": 2, "#, "", ": lacks 'schema'", 1),
      (#""test""#, #""clean""#, ": has 'clean', which the schema lacks", 2),
    ])
  func invalid(part: String, change: String, problem: String, count: Int) throws {
    let schema = try JSONSchema(named: "evaluate")
    #expect(schema.problems(with: try JSONParser.parse(Self.evaluation)) == [])
    let text = Self.evaluation.replacing(part, with: change, maxReplacements: 1)
    #expect(text != Self.evaluation)
    let problems = schema.problems(with: try JSONParser.parse(text))
    // A value that may be null is not that either.
    #expect(problems.count == count, "\(problems)")
    #expect(problems.contains { $0.hasSuffix(problem) }, "\(problems)")
  }

  @Test("A keyword that the validator does not know is a problem")
  func unknownKeyword() {
    let schema = JSONSchema(["type": "object", "minProperties": 1])
    #expect(schema.problems(with: [:]) == [": the validator does not know 'minProperties'"])
  }

  @Test("A folder of 'attack' with the former schema is named as such")
  func formerAttack() throws {
    let folder = try TemporaryFolder()
    let place = "\(folder.path)/badnet"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    func refusal(_ report: String) throws -> String {
      try Data(report.utf8).write(to: URL(fileURLWithPath: "\(place)/report.json"))
      let result = try RunnerProgram.run([
        "compare", "--model", place, "--defense", "clp", "--output", "\(folder.path)/out",
      ])
      #expect(result.status == 65)
      #expect(try folder.names == ["badnet"])
      return result.errors.replacing(folder.path + "/", with: "")
    }
    let files = #""files": [{"role": "model", "file": "model.h5"}]"#
    let attack = #""attack": {"name": "badnets"}"#
    #expect(
      try refusal("{\"schema\": 1, \(attack), \(files)}")
        == "runner: badnet/report.json has schema 1, written by an earlier version, but this version "
        + "reads schema 2; run 'runner attack' again, with --force to replace the folder\n")
    #expect(
      try refusal("{\"schema\": 3, \(attack), \(files)}")
        == "runner: badnet/report.json has schema 3, written by a later version, but this version "
        + "reads schema 2; run 'runner attack' again, with --force to replace the folder\n")
    #expect(
      try refusal("{\"schema\": 1, \(files)}")
        == "runner: badnet/report.json is not a report of 'attack'; give a folder that 'attack' wrote\n"
    )
  }

  @Test("Options that name data sets are called as their roles")
  func options() throws {
    for (command, roles) in [
      ("run", DataRole.allCases), ("compare", DataRole.allCases), ("evaluate", [.test, .poisoned]),
      ("scan", [.clean, .test]), ("predict", [.clean]), ("attack", [.test, .train]),
      ("clean-data", [.clean, .train]), ("train", [.test, .poisoned, .train]),
    ] as [(String, [DataRole])] {
      let help = try RunnerProgram.run([command, "--help"]).output
      for role in DataRole.allCases {
        #expect(
          help.contains("\n  --\(role.rawValue) <file>") == roles.contains(role), "\(command)")
      }
    }
  }
}
