internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Prints a JSON Schema of the files that the program writes.
struct SchemaCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "schema", abstract: "Print the JSON Schema of a report or a record.",
      discussion: discussion(
        """
        The schemas follow JSON Schema, draft 2020-12, and describe every field with its unit. \
        Without a name, lists them with their numbers.
        """))
  }

  static var examples: [Example] {
    [
      Example("Which schemas there are", "schema"),
      Example("The schema of the report of 'run'", "schema report"),
    ]
  }

  /// The schemas; each is a file of the program.
  static let names = ["report", "attack", "evaluate", "scan", "inspect", "data", "record"]

  @Argument(
    help: ArgumentHelp("The schema: \(names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(names))
  var name: String?

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    guard let name else {
      let width = Self.names.map(\.count).max() ?? 0
      let lines = try Self.names.map { name in
        let header = try JSONDecoder().decode(Header.self, from: Self.file(name))
        return "\(name.padding(to: width))  \(header.properties.schema.const)  "
          + "\(header.description)\n"
      }
      return try StandardOutput.write(lines.joined())
    }
    guard Self.names.contains(name) else {
      throw Failure(
        Failure.usage, "there is no schema '\(name)'\(knownNames(name, Self.names, "schemas"))")
    }
    try StandardOutput.write(String(decoding: Self.file(name), as: UTF8.self))
  }

  /// What a line of the list says about a schema.
  private struct Header: Decodable {
    struct Properties: Decodable {
      let schema: Number
    }

    struct Number: Decodable {
      let const: Int
    }

    let description: String
    let properties: Properties
  }

  /// Returns the contents of a schema's file.
  ///
  /// - Throws: ``Failure`` with status 66 if it is missing.
  private static func file(_ name: String) throws(Failure) -> Data {
    let path = "Schemas/\(name).json"
    guard let folder = ProgramResources.folder(holding: path),
      let data = FileManager.default.contents(atPath: folder.appendingPathComponent(path).path)
    else {
      throw Failure(
        Failure.missingInput,
        "the schemas that come with the program are missing; put DefenseKit_RunnerKit.resources "
          + "beside \(programName)")
    }
    return data
  }
}
