internal import DefenseKit
private import Foundation

/// The part of the report in an `attack` folder that a comparison reads.
struct AttackFolderReport: Decodable {
  struct Attack: Decodable {
    let name: String
  }

  struct File: Decodable {
    let role: String
    let file: String
  }

  let attack: Attack
  let files: [File]
  /// The factor for the images' bytes, which the model's file does not contain.
  let inputScale: Float?

  /// What distinguishes the reports of `attack` from others.
  private struct Header: Decodable {
    let attack: Attack
  }

  /// The maximum size of a report in bytes.
  private static let limit = 1 << 26

  static func read(_ folder: String) throws(Failure) -> AttackFolderReport {
    let path = "\(folder)/report.json"
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw Failure(
        Failure.missingInput,
        "\(folder): no such folder; "
          + advice(onMissing: folder, besides: [ModelFiles.builtInName]),
        about: .file(folder))
    }
    guard isFolder.boolValue else {
      throw Failure(
        Failure.data,
        "\(folder) is a file; give a folder that 'attack' wrote, or the model's data too: clean, "
          + "test and poisoned images")
    }
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? nil
    guard let size, size <= limit, let data = FileManager.default.contents(atPath: path) else {
      throw Failure(
        Failure.missingInput, "\(path): no such report; give a folder that 'attack' wrote")
    }
    if (try? JSONDecoder().decode(Header.self, from: data)) != nil {
      try SchemaHeader.check(
        data, of: path, AttackReport.schema,
        advice: "run '\(programName) attack' again, with --force to replace the folder")
    }
    guard let report = try? JSONDecoder().decode(AttackFolderReport.self, from: data),
      report.files.allSatisfy({ !$0.file.contains("/") && !$0.file.hasPrefix(".") })
    else {
      throw Failure(
        Failure.data, "\(path) is not a report of 'attack'; give a folder that 'attack' wrote")
    }
    return report
  }
}
