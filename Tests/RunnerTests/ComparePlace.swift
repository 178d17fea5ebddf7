import Foundation
import LabFiles
import Testing

/// A model of a few weights with data, and folders for results.
struct ComparePlace: ~Copyable {
  let inner: BadInputPlace

  init() throws { inner = try BadInputPlace.make() }

  func path(_ name: String) -> String { inner.path(name) }

  /// What names the model and its data.
  var model: [String] {
    [
      "--model", inner.model, "--clean", inner.good, "--test", inner.test, "--poisoned",
      inner.poisoned,
    ]
  }

  func plan(_ text: String) throws -> String {
    let model = """
      models:
        - {name: small, model: \(inner.model), clean: \(inner.good), test: \(inner.test), \
      poisoned: \(inner.poisoned)}

      """
    let file = path("plan.yaml")
    try (model + text).write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}

/// `faulty-runner compare`, and what it leaves; records are checked by their schema.
enum Compare {
  static func run(_ arguments: [String]) throws -> Ending {
    let program = try #require(Lab.program("faulty-runner"), "faulty-runner was not built")
    let ending = try Ending(program.path, ["compare"] + arguments)
    if let output = arguments.firstIndex(of: "--output") {
      try WrittenJSON.checkRecords(in: arguments[output + 1])
    }
    return ending
  }

  private struct Unit: Decodable {
    struct Plugin: Decodable {
      let label: String
    }
    struct Inner: Decodable {
      let plugins: [String: Plugin]
    }
    let unit: Inner
    let failure: String?
  }

  /// The failures of a folder by the plugins' labels; "" is no failure.
  static func failures(_ folder: String) throws -> [String: String] {
    var result: [String: String] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/units") {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/units/\(name)"))
      let unit = try JSONDecoder().decode(Unit.self, from: data)
      let labels = ["defense", "detector"].compactMap { unit.unit.plugins[$0]?.label }
      result[labels.joined(separator: "+")] = unit.failure ?? ""
    }
    return result
  }

  /// The files of a comparison that are the same each time, by name.
  static func lasting(_ folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap {
      $0 as? String
    }
    for name in names where !name.hasPrefix("costs") && name != "report.html" {
      let path = "\(folder)/\(name)"
      var isFolder: ObjCBool = false
      let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if isThere, !isFolder.boolValue {
        files[name] = try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    return files
  }
}
