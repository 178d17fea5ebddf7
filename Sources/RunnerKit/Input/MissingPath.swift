internal import DefenseKit
private import Foundation

/// What to do about a path at which there is nothing: the path that was most likely meant, or a look at it.
///
/// - Parameter known: Other words that can stand in its place.
func advice(onMissing path: String, besides known: [String] = []) -> String {
  let near = nearestName(to: path, among: known) ?? nearestPath(to: path)
  return near.map { "did you mean '\($0)'?".visible } ?? "check the path"
}

/// The path that is there and whose names are most like those of one that is not; nil if none is like it.
private func nearestPath(to path: String) -> String? {
  let url = URL(fileURLWithPath: path)
  let (folder, name) = (url.deletingLastPathComponent().relativePath, url.lastPathComponent)
  let files = FileManager.default
  guard files.fileExists(atPath: folder) else {
    guard folder != path, let near = nearestPath(to: folder) else { return nil }
    let whole = "\(near)/\(name)"
    return files.fileExists(atPath: whole) ? whole : near
  }
  // In a folder of very many files, comparing them all would take longer than looking.
  guard let names = try? files.contentsOfDirectory(atPath: folder), names.count <= 1000 else {
    return nil
  }
  guard let near = nearestName(to: name, among: names.filter { $0 != name }.sorted()) else {
    return nil
  }
  return path.contains("/") ? "\(folder)/\(near)" : near
}
