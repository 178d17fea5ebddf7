internal import DefenseKit
private import Foundation

/// The files of a package with a new plugin.
struct PackageTemplate {
  /// A file's path within the package, and its text.
  struct File: Equatable {
    let path: String
    let text: String
  }

  /// All files, sorted by path.
  let files: [File]

  /// Fills in the bundled templates.
  ///
  /// - Parameters:
  ///   - kind: The kind of plugin, which is the name of a folder of templates.
  ///   - name: The plugin's name.
  ///   - place: The source of DefenseKit.
  /// - Throws: ``Failure`` with status 66 if the templates are missing.
  init(_ kind: String, _ name: NewPluginName, _ place: DefenseKitPlace) throws {
    guard let resources = ProgramResources.folder(holding: "Templates/common/Package.swift") else {
      throw Failure(
        Failure.missingInput,
        "the templates that come with the program are missing; put DefenseKit_RunnerKit.resources "
          + "beside \(programName)")
    }
    func filled(_ text: String) -> String {
      text.replacing("PluginName", with: name.type).replacing("plugin-name", with: name.name)
    }
    var files: [File] = []
    for part in ["common", kind] {
      let folder = resources.appendingPathComponent("Templates/\(part)")
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
        let url = folder.appendingPathComponent(path)
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
          !isFolder.boolValue
        else { continue }
        var text = filled(try String(contentsOf: url, encoding: .utf8))
        if path == "Package.swift" {
          text = text.replacing(Self.dependency, with: place.dependency)
            .replacing("package: \"DefenseKit\"", with: "package: \"\(place.package)\"")
        }
        // Not every bundle can contain files whose names start with a dot.
        files.append(File(path: path == "gitignore" ? ".gitignore" : filled(path), text: text))
      }
    }
    self.files = files.sorted { $0.path < $1.path }
  }

  /// The line of the manifest's template that names the source of DefenseKit.
  private static let dependency = ".package(name: \"DefenseKit\", path: \"../DefenseKit\")"

  /// Writes the package completely or not at all.
  ///
  /// - Throws: ``Failure`` or `FileError` with status 73 or 74; an existing folder stays unchanged.
  func write(to folder: String) throws {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw Failure(
        Failure.cannotCreate, "\(folder) already exists; choose another name, or --output")
    }
    try AtomicFolder.prepare(folder)
    try AtomicFolder.write(folder) { temporary in
      for file in files {
        let url = URL(fileURLWithPath: temporary).appendingPathComponent(file.path)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try AtomicFile.write(file.text, to: url.path)
      }
    }
  }
}
