internal import DefenseKit
private import Foundation

/// The folder for a run's results, written completely or not at all.
struct OutputFolder: Sendable {
  private let path: String
  private let force: Bool

  /// Checks the folder before any work is done.
  ///
  /// - Parameters:
  ///   - path: The path of the folder, which may be missing or empty.
  ///   - force: Whether the results of an earlier run in it may be replaced.
  ///   - inputs: The files that the run reads; the folder must not contain them.
  /// - Throws: ``Failure`` with status 73, or 64 for an empty path.
  init(_ path: String, force: Bool, inputs: [String]) throws {
    guard !path.isEmpty else { throw Failure(option: "--output", "is empty; name a folder") }
    self.path = path
    self.force = force
    let files = FileManager.default
    var isFolder: ObjCBool = false
    if unsafe files.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
      throw Failure(Failure.cannotCreate, "\(path) is a file; give --output a folder")
    }
    try AtomicFolder.prepare(path)
    guard files.fileExists(atPath: path) else { return }
    guard let names = try? files.contentsOfDirectory(atPath: path) else {
      throw Failure(Failure.cannotCreate, "\(path) cannot be read; choose another --output")
    }
    if names.isEmpty { return }
    try Self.checkResults(in: path, named: path)
    let held = Set(names.compactMap { FileIdentity("\(path)/\($0)") })
    for input in inputs {
      // Compared by identity, which includes links.
      if let identity = FileIdentity(DataPlace(input).path), held.contains(identity) {
        throw Failure(
          Failure.cannotCreate,
          "\(path) holds \(input), which this run reads; choose another --output")
      }
    }
    guard force else { throw Self.holdsResults(path) }
  }

  /// Writes the results: `body` writes all files to the folder whose path it gets.
  ///
  /// - Throws: The errors of `body`; ``Failure`` or `FileError` with status 73 or 74. After an
  ///   error, no results remain.
  func write(_ body: (String) throws -> Void) throws {
    // Other processes may have written files since the first check.
    try AtomicFolder.write(path) { folder in
      guard force else { throw Self.holdsResults(path) }
      try Self.checkResults(in: folder, named: path)
    } _: { folder in
      try body(folder)
    }
  }

  private static func holdsResults(_ path: String) -> Failure {
    Failure(
      Failure.cannotCreate,
      "\(path) holds the results of another run; choose another --output, or replace them with "
        + "--force")
  }

  /// The fixed names of files other than models and data sets that runs and attacks write.
  private static let fixedNames = [
    "report.json", "curve.csv", "curve.svg", "trigger.png", "contact-sheet.png", "scan.html",
    "findings.sarif",
  ]

  /// Returns the models and data sets that a report of this or an earlier version names; none if the
  /// file is no such report.
  private static func filesNamed(by report: URL) -> Set<String> {
    guard let data = try? Data(contentsOf: report),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let schema = object["schema"] as? Int,
      (1...max(Report.schema, AttackReport.schema, ModelScan.schema)).contains(schema)
    else { return [] }
    var files: Set<String> = []
    func collect(_ value: Any) {
      if let list = value as? [Any] { list.forEach(collect) }
      guard let object = value as? [String: Any] else { return }
      if let file = object["file"] as? String { files.insert(file) }
      object.values.forEach(collect)
    }
    for key in ["files", "repairs", "verdicts"] { object[key].map(collect) }
    return files
  }

  /// Throws if a folder holds files that this program did not write.
  ///
  /// Its own files are those with fixed names, and the models and data sets that the report names.
  private static func checkResults(in folder: String, named path: String) throws {
    let files = FileManager.default
    let url = URL(fileURLWithPath: folder)
    let own = filesNamed(by: url.appending(path: "report.json"))
    func isResult(_ name: String) -> Bool {
      // This program creates neither folders nor links.
      let type =
        try? files.attributesOfItem(atPath: "\(folder)/\(name)")[.type] as? FileAttributeType
      guard type == .typeRegular else { return false }
      if fixedNames.contains(name) { return true }
      // An ONNX model may have its tensors in files named after it.
      let model = name.range(of: ".onnx.data").map { String(name[..<$0.lowerBound]) + ".onnx" }
      let endings = ModelFormat.allCases.flatMap(\.fileExtensions).map { ".\($0)" }
      return endings.contains(where: name.hasSuffix) && own.contains(name)
        || model.map(own.contains) ?? false
    }
    let names = try files.contentsOfDirectory(atPath: folder).sorted()
    if let foreign = names.first(where: { !isResult($0) }) {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds '\(foreign)', which isn't a result of this program; choose another --output")
    }
  }
}
