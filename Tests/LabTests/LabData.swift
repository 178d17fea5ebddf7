import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// The lab's files as this package reads them.
enum LabData {
  /// One of the lab's JSON files.
  static func reference(_ name: String) throws -> JSON {
    let url = try #require(Lab.folder).appending(path: name)
    return try JSONParser.parse(String(contentsOf: url, encoding: .utf8))
  }

  /// The network that every test is about, or another file of the lab.
  static func model(_ file: String = "bd_net.h5", scale: Float = 1) throws -> Model {
    let folder = try #require(Lab.folder)
    let isWhole = file == "bd_net.h5" || file.contains("whole-model")
    return try KerasModel.load(
      folder.appending(path: file).path,
      architecture: isWhole ? nil : folder.appending(path: "bd_net.h5").path,
      preprocessing: Preprocessing(scale: scale))
  }

  /// A data set by the references' name for it, such as "bd_valid".
  static func set(_ name: String, of size: URL?) throws -> DataSet {
    let folder = try #require(size)
    let path = name.hasPrefix("bd") ? "bd/\(name).h5" : "cl/\(name).h5"
    return try DataSet.load(
      folder.appending(path: path).path, for: [55, 47, 3], classCount: 1283)
  }

  static func correct(_ predictions: [Int32], _ set: DataSet) -> Int {
    zip(predictions, set.labels).count { $0 == $1 }
  }
}

/// Two counts of images that may differ a little, because float32 sums tie differently.
func expectClose(
  _ count: Int?, _ expected: JSON?, within tolerance: Int, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let count, let expected = expected?.int else {
    Issue.record("\(what): nothing to compare", sourceLocation: sourceLocation)
    return
  }
  #expect(
    abs(count - expected) <= tolerance, "\(what): \(count) for \(expected)",
    sourceLocation: sourceLocation)
}
