internal import DefenseKit
private import Foundation

/// A folder of PNG files, which are images without labels, in the order of their names.
struct ImageFolder: Sendable {
  /// The folder's path.
  let path: String
  /// The paths of its PNG files, at least one.
  let files: [String]

  /// Lists a folder; nil for a file, or a folder without PNG files.
  init?(_ path: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let folder = path.hasSuffix("/") ? path : path + "/"
    files = names.filter { $0.lowercased().hasSuffix(".png") && !$0.hasPrefix(".") }.sorted()
      .map { folder + $0 }
    self.path = path
    if files.isEmpty { return nil }
  }

  /// Reads the images into memory; their labels are all 0 and mean nothing.
  ///
  /// - Parameter imageShape: The shape of the network's input, `[height, width, channels]`.
  /// - Throws: `FileError` for the first image that cannot be read or does not fit.
  func load(for imageShape: [Int], sandbox: Sandbox) throws(FileError) -> DataSet {
    var bytes: [UInt8] = []
    for file in files {
      let image = try PixelImage(contentsOf: file, sandbox: sandbox)
      bytes += try image.samples(fitting: imageShape, path: file)
    }
    return DataSet(
      bytes: bytes, elementType: .uint8, imageShape: imageShape,
      labels: Array(repeating: 0, count: files.count), name: ModelFiles.name(ofFolder: path))
  }

  /// Returns the SHA-256 of the hashes of all files, in order.
  func sha256() throws(FileError) -> String {
    var all = ""
    for file in files { all += try DefenseKit.sha256(ofFile: file) }
    return DefenseKit.sha256(of: Array(all.utf8))
  }
}
