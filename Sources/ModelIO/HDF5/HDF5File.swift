import InferenceGraph

/// An HDF5 file open for reading.
///
/// Its structure is parsed at once, by a sealed process where there is one, and checked here. Groups
/// and data sets are named by paths from the root; only hard links are followed.
final class HDF5File: Sendable {
  /// The path it was opened by.
  let path: String
  /// What an honest file does not have.
  let findings: [Finding]
  /// The file itself.
  let content: FileDescriptor
  private let parser: any HDF5Parser
  private let groups: [Group]

  /// What lies behind a link, by its place in the list of groups, or its number as a data set.
  private enum Entry: Sendable {
    case group(Int)
    case dataset(Int, HDF5DatasetInfo)
  }

  private struct Group: Sendable {
    var attributes: [String: [String]] = [:]
    var entries: [String: Entry] = [:]
  }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - sandbox: How it is parsed.
  ///   - isTolerant: Whether it is opened although there are findings that have it refused.
  /// - Throws: ``FileError`` if it cannot be read, or is refused; then its message ends in the rule's
  ///   name.
  convenience init(
    _ path: String, sandbox: Sandbox = .auto, isTolerant: Bool = false
  ) throws(FileError) {
    try self.init(FileDescriptor(path), sandbox: sandbox, isTolerant: isTolerant)
  }

  /// Takes an open file; see ``init(_:sandbox:isTolerant:)-(String,_,_)``.
  convenience init(
    _ content: FileDescriptor, sandbox: Sandbox, isTolerant: Bool
  ) throws(FileError) {
    try Self.checkKind(of: content, content.path)
    let parser = try Self.parser(for: content, sandbox)
    try self.init(content, parser: parser, isTolerant: isTolerant)
  }

  /// Takes a file and whoever parses it.
  init(
    _ content: FileDescriptor, parser: any HDF5Parser, isTolerant: Bool
  ) throws(FileError) {
    self.content = content
    self.parser = parser
    path = content.path
    let catalogue = try Self.catalogue(from: parser, content)
    var findings = catalogue.observations.map(\.finding)
    groups = Self.checked(catalogue, fileSize: content.size, &findings)
    if !(content.size >= 8 && content.prefix(count: 8) == Self.signature) {
      findings.append(
        Finding(.userBlock, "has other bytes before the HDF5 file; remove them with `h5unjam`"))
    }
    self.findings = findings
    if !isTolerant, let finding = findings.first(where: { $0.rule.severity == .error }) {
      throw FileError(refused: finding, path: path)
    }
  }

  /// The file's size in bytes, the bound for everything that it can hold.
  var size: Int { content.size }

  /// Returns an error about this file's contents.
  func failure(_ message: String) -> FileError { FileError(.badData, path: path, message) }

  /// Whether there is a group at the path.
  func hasGroup(_ path: String) -> Bool { group(path) != nil }

  /// The names of what a group holds, sorted; empty if there is no such group.
  func names(in path: String = "") -> [String] { group(path)?.entries.keys.sorted() ?? [] }

  /// Returns an attribute's texts: nil if there is no such attribute or it is not text.
  func strings(_ name: String, in path: String = "") -> [String]? { group(path)?.attributes[name] }

  /// Returns a list of names in an attribute, or in `name0`, `name1`, ... into which long ones are
  /// split; empty if there is none.
  func names(listedAs name: String, in path: String) -> [String] {
    namesIfListed(as: name, in: path) ?? []
  }

  /// Returns such a list; nil if there is none.
  func namesIfListed(as name: String, in path: String) -> [String]? {
    if let names = strings(name, in: path) { return names }
    var result: [String]?
    var index = 0
    while let part = strings("\(name)\(index)", in: path) {
      result = (result ?? []) + part
      index += 1
    }
    return result
  }

  /// Opens the data set at a path.
  ///
  /// - Throws: ``FileError`` if there is none.
  func dataset(_ path: String) throws(FileError) -> HDF5Dataset {
    guard let dataset = datasetIfPresent(path) else { throw failure("has no data set '\(path)'") }
    return dataset
  }

  /// Opens the data set at a path; nil if there is none.
  func datasetIfPresent(_ path: String) -> HDF5Dataset? {
    var components = path.split(separator: "/").map(String.init)
    guard let name = components.popLast(),
      case .dataset(let number, let info)? = group(components.joined(separator: "/"))?
        .entries[name]
    else { return nil }
    return HDF5Dataset(file: self, number: number, info: info, content: content, parser: parser)
  }

  private func group(_ path: String) -> Group? {
    var index = 0
    for component in path.split(separator: "/") {
      guard case .group(let next)? = groups[index].entries[String(component)] else { return nil }
      index = next
    }
    return groups[index]
  }
}

// MARK: Opening

extension HDF5File {
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  private static let notHDF5 =
    "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again"

  private static func parser(
    for content: FileDescriptor, _ sandbox: Sandbox
  ) throws(FileError) -> any HDF5Parser {
    if let process = try SealedProcess.start(for: content, sandbox) {
      return HDF5SealedParser(process, fileSize: content.size)
    }
    guard let parser = HDF5LocalParser(path: content.path, fileSize: content.size) else {
      throw FileError(refused: Finding(.damaged, notHDF5), path: content.path)
    }
    return parser
  }

  private static func catalogue(
    from parser: any HDF5Parser, _ content: FileDescriptor
  ) throws(FileError) -> HDF5Catalogue {
    do {
      guard let frame = try parser.catalogue() else {
        throw FileError(refused: Finding(.damaged, notHDF5), path: content.path)
      }
      return try HDF5Catalogue(frame: frame)
    } catch {
      throw FileError(error, reading: content)
    }
  }

  /// Makes groups of the claims that hold, and findings of those that don't.
  private static func checked(
    _ catalogue: HDF5Catalogue, fileSize: Int, _ findings: inout [Finding]
  ) -> [Group] {
    var groups: [Group] = []
    /// The place of each node among the groups.
    var places: [Int?] = []
    var paths: [String] = []
    var datasets = 0
    var left = fileSize
    var offsets: Set<Int> = []
    // Names that differ in their bytes alone, in what is no text or in how an accent is written,
    // would pass for each other here, and not elsewhere.
    func enter(_ entry: Entry, _ name: String, in parent: Int) {
      guard groups[parent].entries.updateValue(entry, forKey: name) != nil else { return }
      let place = paths[parent].isEmpty ? name : "\(paths[parent])/\(name)"
      findings.append(
        Finding(
          .damaged, at: abbreviated(place),
          "has two objects of the name '\(abbreviated(place))', as text"))
    }
    for (index, node) in catalogue.nodes.enumerated() {
      let parent = index == 0 ? nil : places[node.parent]
      switch node.content {
      case .group(let attributes):
        let place = groups.count
        let parentPath = parent.map { paths[$0] } ?? ""
        paths.append(parentPath.isEmpty ? node.name : "\(parentPath)/\(node.name)")
        places.append(place)
        groups.append(
          Group(
            attributes: Dictionary(attributes.map { ($0.name, $0.texts) }) { first, _ in first }))
        if let parent { enter(.group(place), node.name, in: parent) }
      case .dataset(let claim):
        places.append(nil)
        defer { datasets += 1 }
        guard let parent else { continue }
        let path = paths[parent].isEmpty ? node.name : "\(paths[parent])/\(node.name)"
        do throws(Refusal) {
          let info = try HDF5DatasetInfo(claim, path: path, fileSize: fileSize)
          enter(.dataset(datasets, info), node.name, in: parent)
          // Several names of one data set count once.
          if case .contiguous(let offset) = info.storage, offsets.insert(offset).inserted {
            left -= info.count * info.elementSize
          }
        } catch {
          findings.append(error.finding)
        }
      }
    }
    if left < 0 {
      findings.append(Finding(.shapeBomb, "claims more bytes for its data sets than it has"))
    }
    return groups
  }

  /// Throws unless the file can be an HDF5 file, and says what it is instead where that is known.
  private static func checkKind(of content: FileDescriptor, _ path: String) throws(FileError) {
    if let message = FileKind(of: content).insteadOfModel {
      throw FileError(otherKind: message, path: path)
    }
  }
}

extension HDF5Catalogue.Observation {
  /// The observation in words.
  fileprivate var finding: Finding {
    let place = "'\(abbreviated(path))'"
    let detail = abbreviated(detail)
    let name = "'\(detail)'"
    let message =
      switch rule {
      case .externalStorage:
        "its data set \(place) keeps its values in another file, which is not opened: \(name)"
      case .externalLink: "\(place) is a link into another file, which is not opened: \(name)"
      case .softLink: "\(place) is a link by name, which is not followed: \(name)"
      case .userLink: "\(place) is a link that only a program's own code can follow"
      case .virtualDataset:
        "its data set \(place) is put together from others, which are not opened"
      case .filter:
        "its data set \(place) is packed with the filter \(detail), which no Keras file has; repack "
          + "it with `h5repack -f GZIP=4`"
      case .type: "\(place) holds neither numbers nor text, and is not read"
      case .cycle: "its group \(place) is reached in two ways"
      case .depth: "\(place) lies more than \(HDF5Catalogue.maximumDepth) groups deep"
      case .objectCount: "at \(place) it has more \(detail) than an honest file has room for"
      default:
        "\(place) cannot be read\(detail.isEmpty ? "" : " (\(detail))"); the file is damaged"
      }
    return Finding(rule, at: abbreviated(path), message)
  }
}
