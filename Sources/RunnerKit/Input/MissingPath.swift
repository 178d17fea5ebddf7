internal import DefenseKit
private import Foundation

/// Returns advice about a missing path: the most similar existing path, or to check the path.
///
/// - Parameter known: Words that are also allowed in its place.
func advice(onMissing path: String, besides known: [String] = []) -> String {
  let near = nearestName(to: path, among: known) ?? nearestPath(to: path)
  return near.map { "did you mean '\($0)'?".visible } ?? "check the path"
}

/// Returns the existing path most similar to a missing one; nil if none is similar.
private func nearestPath(to path: String) -> String? {
  let url = URL(fileURLWithPath: path)
  let (folder, name) = (url.deletingLastPathComponent().relativePath, url.lastPathComponent)
  let files = FileManager.default
  guard files.fileExists(atPath: folder) else {
    guard folder != path, let near = nearestPath(to: folder) else { return nil }
    let whole = "\(near)/\(name)"
    return files.fileExists(atPath: whole) ? whole : near
  }
  // In a very large folder, comparing all names would take too long.
  guard let names = try? files.contentsOfDirectory(atPath: folder), names.count <= 1000 else {
    return nil
  }
  guard let near = nearestName(to: name, among: names.filter { $0 != name }.sorted()) else {
    return nil
  }
  return path.contains("/") ? "\(folder)/\(near)" : near
}
