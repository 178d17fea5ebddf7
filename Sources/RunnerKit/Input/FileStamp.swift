private import Foundation

/// Identifies one version of a file: inode, size, modification time.
struct FileStamp: Equatable, Sendable {
  private let number: Int?
  private let size: Int?
  private let modified: Date?

  init(_ path: String) {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    number = attributes?[.systemFileNumber] as? Int
    size = attributes?[.size] as? Int
    modified = attributes?[.modificationDate] as? Date
  }
}
