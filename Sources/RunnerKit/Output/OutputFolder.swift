private import DefenseKit
private import Foundation

/// The folder that a run's results go to, written whole or not at all.
///
/// The files are written into a temporary folder beside it, which is then renamed into place.
struct OutputFolder: Sendable {
  private let path: String
  private let replacesResults: Bool

  /// Chooses a folder and checks it, before any work is done.
  ///
  /// - Parameters:
  ///   - path: The folder; it may be missing or empty.
  ///   - force: Whether the results of an earlier run in it may be replaced.
  ///   - inputs: The files that the run reads; they must not be in the folder.
  /// - Throws: ``Failure`` with status 73, or 64 for an empty path.
  init(_ path: String, force: Bool, inputs: [String]) throws(Failure) {
    guard !path.isEmpty else { throw Failure(Failure.usage, "--output is empty; name a folder") }
    let url = URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath()
    self.path = url.path
    let files = FileManager.default
    var isFolder: ObjCBool = false
    let parent = url.deletingLastPathComponent().path
    guard unsafe files.fileExists(atPath: parent, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure(
        Failure.cannotCreate, "\(path): the folder \(parent) isn't there; create it first")
    }
    guard unsafe files.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      replacesResults = false
      return
    }
    guard isFolder.boolValue else {
      throw Failure(Failure.cannotCreate, "\(path) is a file; give --output a folder")
    }
    guard let names = try? files.contentsOfDirectory(atPath: url.path) else {
      throw Failure(Failure.cannotCreate, "\(path) cannot be read; choose another --output")
    }
    replacesResults = !names.isEmpty
    if names.isEmpty { return }
    if let foreign = names.sorted().first(where: { !Self.isResult($0, of: url) }) {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds '\(foreign)', which isn't a result of this program; choose another --output")
    }
    let prefix = url.path + "/"
    for input in inputs {
      let real = URL(fileURLWithPath: input).standardizedFileURL.resolvingSymlinksInPath().path
      if real.hasPrefix(prefix) {
        throw Failure(
          Failure.cannotCreate,
          "\(path) holds \(input), which this run reads; choose another --output")
      }
    }
    guard force else {
      throw Failure(
        Failure.cannotCreate,
        "\(path) holds the results of another run; choose another --output, or replace them with "
          + "--force")
    }
  }

  /// Writes the results: `body` puts all files into the folder whose path it gets.
  ///
  /// - Throws: What `body` throws, else ``Failure`` with status 73 or 74; then nothing is left.
  func write(_ body: (String) throws -> Void) throws {
    let files = FileManager.default
    let place = URL(fileURLWithPath: path)
    let stamp = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    func sibling(_ kind: String) -> URL {
      place.deletingLastPathComponent().appendingPathComponent(
        ".\(place.lastPathComponent).\(kind)-\(stamp)")
    }
    let temporary = sibling("partial")
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: false)
    } catch {
      throw Failure(
        Failure.cannotCreate,
        "\(path) cannot be created: \(reason(error)); choose another --output")
    }
    // An interrupted program must not leave the temporary folder behind.
    let guardian = InterruptionGuard {
      // Files that are still being written may turn up while the folder is emptied.
      for _ in 0..<100 where FileManager.default.fileExists(atPath: temporary.path) {
        try? FileManager.default.removeItem(at: temporary)
      }
    }
    defer {
      guardian.cancel()
      try? files.removeItem(at: temporary)
    }
    do {
      try body(temporary.path)
    } catch let error as FileError {
      // The user knows the folder by its own name only.
      throw FileError(
        error.kind, path: error.path.replacing(temporary.path, with: path), error.message)
    } catch let failure as Failure {
      throw Failure(failure.status, failure.message?.replacing(temporary.path, with: path))
    }
    do {
      try guardian.finish {
        if replacesResults {
          let old = sibling("replaced")
          try files.moveItem(at: place, to: old)
          do {
            try files.moveItem(at: temporary, to: place)
          } catch {
            try? files.moveItem(at: old, to: place)
            throw error
          }
          try? files.removeItem(at: old)
        } else {
          // Only an empty folder can be removed so; one that was filled meanwhile stops the run.
          _ = unsafe path.withCString { unsafe rmdir($0) }
          try files.moveItem(at: temporary, to: place)
        }
      }
    } catch {
      throw Failure(
        Failure.cannotCreate,
        "\(path) cannot be put in place: \(reason(error)); choose another --output")
    }
  }

  /// Writes a small file and makes sure that it is on the disk.
  static func write(_ text: String, to path: String) throws(Failure) {
    do {
      guard FileManager.default.createFile(atPath: path, contents: nil),
        let file = FileHandle(forWritingAtPath: path)
      else { throw Failure(Failure.cannotCreate, "\(path) cannot be created") }
      try file.write(contentsOf: Data(text.utf8))
      try file.synchronize()
      try file.close()
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(
        Failure.ioError, "\(path) cannot be written: \(reason(error)); make room or write elsewhere"
      )
    }
  }

  /// Whether a file is one that this program wrote: those with fixed names, and the models that
  /// the report beside them names.
  private static func isResult(_ name: String, of folder: URL) -> Bool {
    if ["report.json", "curve.csv", "curve.svg"].contains(name) { return true }
    guard name.hasSuffix(".h5"),
      let report = try? String(
        contentsOf: folder.appendingPathComponent("report.json"), encoding: .utf8)
    else { return false }
    return report.contains("\"schema\": 1") && report.contains("\"file\": \"\(name)\"")
  }
}

/// What the system says about an error, without Foundation's sentence around it.
private func reason(_ error: any Error) -> String {
  let error = error as NSError
  if let inner = error.userInfo[NSUnderlyingErrorKey] as? NSError,
    inner.domain == NSPOSIXErrorDomain
  {
    return errorText(Int32(inner.code))
  }
  return error.domain == NSPOSIXErrorDomain
    ? errorText(Int32(error.code)) : error.localizedDescription
}
