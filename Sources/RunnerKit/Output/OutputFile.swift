internal import DefenseKit
private import Foundation

/// Checks of a single output file that is named on the command line.
enum OutputFile {
  /// Checks that the file can be written, before any work is done.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - option: The option that names it, for messages.
  ///   - inputs: The files that are read; the file must not be one of them, under any name.
  ///   - force: Whether an existing file may be replaced.
  ///   - advice: The advice if it exists and `force` is false.
  /// - Throws: ``Failure`` with status 73, or 64 for an empty path.
  static func check(
    _ path: String, option: String, inputs: [String], force: Bool,
    advice: String = "give another name, or --force"
  ) throws(Failure) {
    guard !path.isEmpty else { throw Failure(option: option, "is empty; name a file") }
    guard let present = FileIdentity(path) else {
      let folder = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
      return try checkAccess(folder, W_OK | X_OK, for: path)
    }
    var isFolder: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
      isFolder.boolValue
    {
      throw Failure(Failure.cannotCreate, "\(path) is a folder; give \(option) a file")
    }
    if let same = inputs.first(where: { FileIdentity(DataPlace($0).path) == present }) {
      throw Failure(
        Failure.cannotCreate, "\(option) is \(same), which is read; give another name")
    }
    guard force else { throw Failure(Failure.cannotCreate, "\(path) already exists; \(advice)") }
    try checkAccess(path, W_OK, for: path)
  }

  private static func checkAccess(
    _ place: String, _ mode: Int32, for path: String
  ) throws(Failure) {
    guard unsafe access(place, mode) == 0 else {
      let reason =
        errno == ENOENT
        ? "no such folder (\(place)); create it first" : "\(errorText(errno)); choose another place"
      throw Failure(Failure.cannotCreate, "\(path) cannot be written: \(reason)")
    }
  }

  /// Whether two paths lead to the same file, which need not exist.
  static func isSame(_ path: String, _ other: String) -> Bool {
    if let present = FileIdentity(path) { return present == FileIdentity(other) }
    func place(_ path: String) -> String {
      let url = URL(fileURLWithPath: path).standardizedFileURL
      return url.deletingLastPathComponent().resolvingSymlinksInPath().path + "/"
        + url.lastPathComponent
    }
    return place(path) == place(other)
  }
}
