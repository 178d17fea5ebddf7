internal import Foundation

/// The resources bundled with the program.
enum ProgramResources {
  /// Returns the resource folder with a file: beside the program, or in its bundle; nil if missing.
  ///
  /// SwiftPM's own accessor ends the process if the folder is missing.
  static func folder(holding file: String) -> URL? {
    let bundle = "DefenseKit_RunnerKit"
    var places = [Bundle.main.bundleURL, Bundle.main.resourceURL].compactMap { $0 }
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      places.insert(program.deletingLastPathComponent(), at: 0)
    }
    let folders = places.flatMap { place in
      [".resources", ".bundle"].map { place.appendingPathComponent("\(bundle)\($0)/Resources") }
    }
    return folders.first {
      FileManager.default.fileExists(atPath: $0.appendingPathComponent(file).path)
    }
  }
}
