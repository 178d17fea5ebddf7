internal import DefenseKit
private import Foundation

/// The folder that a run's results go to, written whole or not at all.
struct OutputFolder: Sendable {
  private let path: String
  private let force: Bool

  /// Chooses a folder and checks it, before any work is done.
  ///
  /// - Parameters:
  ///   - path: The folder; it may be missing or empty.
  ///   - force: Whether the results of an earlier run in it may be replaced.
  ///   - inputs: The files that the run reads; they must not be in the folder.
  /// - Throws: ``Failure`` with status 73, or 64 for an empty path.
  init(_ path: String, force: Bool, inputs: [String]) throws {
    guard !path.isEmpty else { throw Failure(Failure.usage, "--output is empty; name a folder") }
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
      // Under whatever name, links included.
      if let identity = FileIdentity(input), held.contains(identity) {
        throw Failure(
          Failure.cannotCreate,
          "\(path) holds \(input), which this run reads; choose another --output")
      }
    }
    guard force else { throw Self.holdsResults(path) }
  }

  /// Writes the results: `body` puts all files into the folder whose path it gets.
  ///
  /// - Throws: What `body` throws, else ``Failure`` or `FileError` with status 73 or 74; then nothing
  ///   is left.
  func write(_ body: (String) throws -> Void) throws {
    // Others may have put files there since the folder was checked.
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

  /// The files other than models and data sets that runs and attacks write.
  private static let fixedNames = [
    "report.json", "curve.csv", "curve.svg", "trigger.png", "contact-sheet.png",
  ]

  /// Throws if a folder holds anything but files that this program wrote: those with fixed names,
  /// and the models and data sets that the report beside them names.
  private static func checkResults(in folder: String, named path: String) throws {
    let files = FileManager.default
    let url = URL(fileURLWithPath: folder)
    let report =
      (try? String(contentsOf: url.appending(path: "report.json"), encoding: .utf8)) ?? ""
    func isResult(_ name: String) -> Bool {
      // Neither a folder nor a link, which this program does not make.
      let type =
        try? files.attributesOfItem(atPath: "\(folder)/\(name)")[.type] as? FileAttributeType
      guard type == .typeRegular else { return false }
      if fixedNames.contains(name) { return true }
      return name.hasSuffix(".h5") && report.contains("\"schema\": 1")
        && report.contains("\"file\": \"\(name)\"")
    }
    let names = try files.contentsOfDirectory(atPath: folder).sorted()
    if let foreign = names.first(where: { !isResult($0) }) {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds '\(foreign)', which isn't a result of this program; choose another --output")
    }
  }
}
