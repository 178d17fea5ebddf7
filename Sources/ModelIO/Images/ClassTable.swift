/// The classes of a folder's images in a table, as the test images of GTSRB have (Stallkamp et al.
/// 2012): a CSV file in the folder, or beside it with the folder's name, with the columns `ClassId`,
/// and `Filename` or `Path`, separated by semicolons or commas.
struct ClassTable {
  /// The path of the table.
  let path: String
  /// The classes by the names of files without folders.
  private let classes: [String: Int]

  /// The largest size of a table in bytes.
  private static let maximumSize = 64 << 20

  /// Reads the table of a folder; nil if there is none.
  ///
  /// - Parameters:
  ///   - folder: The folder.
  ///   - files: The names of the files in it.
  /// - Throws: ``FileError`` if a table is damaged, or there are several.
  init?(of folder: String, files: [String]) throws(FileError) {
    var paths = files.filter { $0.lowercased().hasSuffix(".csv") }
      .map { FolderListing.path(folder, $0) }
    var end = folder[...]
    while end.hasSuffix("/") { end.removeLast() }
    if !end.isEmpty, !end.hasSuffix(".") { paths.append("\(end).csv") }
    var found: (path: String, classes: [String: Int])?
    for path in paths where (try? InputFile.size(of: path)) != nil {
      guard let classes = try Self.classes(path) else { continue }
      if let found {
        throw FileError(
          .badData, path: path,
          "has classes of images, as '\(abbreviated(found.path))' has; keep one of them")
      }
      found = (path, classes)
    }
    guard let found else { return nil }
    (path, classes) = found
  }

  /// Returns the classes of image files.
  ///
  /// - Parameters:
  ///   - classCount: The expected number of classes, if known.
  ///   - consumer: The word for the owner of the classes in messages.
  /// - Throws: ``FileError`` if one is not in the table, or its class is none of the expected.
  func labels(
    of files: [String], classCount: Int?, consumer: String
  ) throws(FileError) -> [Int32] {
    var labels: [Int32] = []
    for file in files {
      let name = Self.lastName(file)
      guard let number = classes[name] else {
        throw FileError(
          .badData, path: path,
          "lacks a class for the image '\(abbreviated(name))'; add it, or move the image away")
      }
      if let classCount, number >= classCount {
        throw FileError(
          .badData, path: path,
          "has class \(number) for '\(abbreviated(name))', but the \(consumer)'s classes are 0 to "
            + "\(classCount - 1)")
      }
      labels.append(Int32(number))
    }
    return labels
  }

  /// Returns the classes in a CSV file; nil if it has other columns.
  private static func classes(_ path: String) throws(FileError) -> [String: Int]? {
    let content = try FileDescriptor(path)
    guard content.size <= maximumSize else { return nil }
    let text = String(decoding: try content.bytes(at: 0, count: content.size), as: UTF8.self)
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    let separator: Character = lines[0].contains(";") ? ";" : ","
    func fields(_ line: Substring) -> [Substring] {
      line.split(separator: separator, omittingEmptySubsequences: false)
    }
    let columns = fields(lines[0].drop { $0 == "\u{FEFF}" })
    guard let classColumn = columns.firstIndex(of: "ClassId"),
      let nameColumn = columns.firstIndex(where: { ["Filename", "Path"].contains($0) })
    else { return nil }
    var classes: [String: Int] = [:]
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let row = fields(line)
      guard row.count == columns.count, let number = Int(row[classColumn]),
        (0..<DataSet.largestClassCount).contains(number)
      else {
        throw FileError(
          .badData, path: path,
          "has no class in line \(index + 1); write the columns of its first line, with a class's "
            + "number in 'ClassId'")
      }
      let name = lastName(String(row[nameColumn]))
      if let other = classes.updateValue(number, forKey: name), other != number {
        throw FileError(
          .badData, path: path,
          "has the classes \(other) and \(number) for '\(abbreviated(name))'; keep one of the lines"
        )
      }
    }
    return classes
  }

  private static func lastName(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
