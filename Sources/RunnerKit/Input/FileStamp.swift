private import Foundation

/// Identifies one version of a file or folder: inode, size, modification time; of a folder also those
/// of all files in it.
struct FileStamp: Equatable, Sendable {
  private let number: Int?
  private let size: Int?
  private let modified: Date?
  /// The versions of a folder's files by their paths; empty for a file.
  private var files: [String: Version] = [:]

  private struct Version: Equatable {
    let size: Int?
    let modified: Date?
  }

  init(_ path: String) {
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    number = attributes?[.systemFileNumber] as? Int
    size = attributes?[.size] as? Int
    modified = attributes?[.modificationDate] as? Date
    guard attributes?[.type] as? FileAttributeType == .typeDirectory else { return }
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
    let all = FileManager.default.enumerator(
      at: url, includingPropertiesForKeys: keys, options: [.skipsHiddenFiles])
    while let file = all?.nextObject() as? URL {
      let values = try? file.resourceValues(forKeys: Set(keys))
      files[file.path] = Version(
        size: values?.fileSize, modified: values?.contentModificationDate)
    }
  }
}
