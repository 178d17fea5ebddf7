import InferenceGraph

/// An HDF5 file open for reading.
///
/// Its structure is parsed at once, by a sealed process where there is one, and checked here. Groups
/// and data sets are named by paths from the root. In a model's file only hard links are followed.
final class HDF5File: Sendable {
  /// What a file is read for.
  enum Purpose: Sendable {
    /// A model or another file whose origin is in doubt: whatever an honest one does not have is an
    /// error.
    case model
    /// Images and labels, wherever they are within the file: behind links by name, put together from
    /// other data sets, behind MATLAB's block of text.
    case data
  }

  /// The path it was opened by.
  let path: String
  /// What an honest file does not have.
  let findings: [Finding]
  /// The file itself.
  let content: FileDescriptor
  private let parser: any HDF5Parser
  private let groups: [Group]
  /// Whether MATLAB wrote it, which stores the last axis first.
  let isMATLAB: Bool

  /// What lies behind a link, by its place in the list of groups, or its number as a data set.
  private enum Entry: Sendable {
    case group(Int)
    case dataset(Int, HDF5DatasetInfo)
    /// A link to what has this path.
    case link(String)
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
  ///   - purpose: What it is read for.
  /// - Throws: ``FileError`` if it cannot be read, or is refused; then its message ends in the rule's
  ///   name.
  convenience init(
    _ path: String, sandbox: Sandbox = .auto, isTolerant: Bool = false,
    for purpose: Purpose = .model
  ) throws(FileError) {
    try self.init(
      FileDescriptor(path), sandbox: sandbox, isTolerant: isTolerant, for: purpose)
  }

  /// Takes an open file; see ``init(_:sandbox:isTolerant:for:)-(String,_,_,_)``.
  convenience init(
    _ content: FileDescriptor, sandbox: Sandbox, isTolerant: Bool, for purpose: Purpose = .model
  ) throws(FileError) {
    try Self.checkKind(of: content, for: purpose)
    let parser = try Self.parser(for: content, sandbox)
    try self.init(content, parser: parser, isTolerant: isTolerant, for: purpose)
  }

  /// Takes a file and whoever parses it.
  init(
    _ content: FileDescriptor, parser: any HDF5Parser, isTolerant: Bool,
    for purpose: Purpose = .model
  ) throws(FileError) {
    self.content = content
    self.parser = parser
    path = content.path
    let catalogue = try Self.catalogue(from: parser, content)
    var findings = catalogue.observations.map(\.finding)
    groups = Self.checked(catalogue, fileSize: content.size, for: purpose, &findings)
    isMATLAB = Self.hasMATLABBlock(content)
    if !content.starts(with: FileKind.signature, at: 0), !(purpose == .data && isMATLAB) {
      findings.append(
        Finding(
          .userBlock,
          "has other bytes before the HDF5 file; remove them with `h5unjam -i OLD.h5 -o NEW.h5 --delete`"
        ))
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
    guard case .dataset(let number, let info)? = entry(path) else { return nil }
    return HDF5Dataset(file: self, number: number, info: info, content: content, parser: parser)
  }

  /// Path and description of every data set, by path.
  var datasets: [(path: String, info: HDF5DatasetInfo)] {
    var result: [(path: String, info: HDF5DatasetInfo)] = []
    func add(_ group: Int, _ path: String) {
      for (name, entry) in groups[group].entries {
        let path = path.isEmpty ? name : "\(path)/\(name)"
        switch entry {
        case .group(let inner): add(inner, path)
        case .dataset(_, let info): result.append((path, info))
        case .link:
          if case .dataset(_, let info)? = self.entry(path) { result.append((path, info)) }
        }
      }
    }
    add(0, "")
    return result.sorted { $0.path < $1.path }
  }

  private func group(_ path: String) -> Group? {
    guard case .group(let index)? = entry(path) else { return nil }
    return groups[index]
  }

  private func entry(_ path: String) -> Entry? {
    var links = 0
    return entry(path, from: 0, &links)
  }

  /// What a path leads to from a group on; nil if it leads nowhere or over too many links.
  private func entry(_ path: String, from start: Int, _ links: inout Int) -> Entry? {
    var result = Entry.group(path.hasPrefix("/") ? 0 : start)
    for component in path.split(separator: "/") where component != "." {
      guard case .group(let index) = result,
        let next = groups[index].entries[String(component)]
      else { return nil }
      result = next
      guard case .link(let target) = next else { continue }
      links += 1
      guard links <= Self.mostLinks, let place = entry(target, from: index, &links) else {
        return nil
      }
      result = place
    }
    return result
  }

  /// The most links that one path leads over.
  private static let mostLinks = 16
}

// MARK: Opening

extension HDF5File {
  /// Whether the file begins with what MATLAB 7.3 puts in front of HDF5, and nothing else: 116 characters
  /// of text, 12 bytes of its version, and zeros.
  private static func hasMATLABBlock(_ content: FileDescriptor) -> Bool {
    let block = content.prefix(count: 512)
    return block.starts(with: "MATLAB 7.3 MAT-file".utf8)
      && content.starts(with: FileKind.signature, at: 512)
      && block[..<116].allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0 }
      && block[128...].allSatisfy { $0 == 0 }
  }

  /// The error about a file that libhdf5 does not open.
  private static func unreadable(_ content: FileDescriptor) -> FileError {
    let start = content.prefix(count: 12)
    // Version 3 of the superblock has flags: open for writing, and so for one writer and readers.
    if start.count == 12, start.starts(with: FileKind.signature), start[8] == 3, start[11] & 5 != 0
    {
      return FileError(
        .badData, path: content.path,
        "is marked as open for writing, as a program leaves it that was ended; when none writes to it "
          + "any more, run `h5clear -s \(content.path)`")
    }
    let notHDF5 = "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again"
    return FileError(refused: Finding(.damaged, notHDF5), path: content.path)
  }

  private static func parser(
    for content: FileDescriptor, _ sandbox: Sandbox
  ) throws(FileError) -> any HDF5Parser {
    if let process = try SealedProcess.start(for: content, sandbox) {
      return HDF5SealedParser(process, fileSize: content.size)
    }
    guard let parser = HDF5LocalParser(path: content.path, fileSize: content.size) else {
      throw unreadable(content)
    }
    return parser
  }

  private static func catalogue(
    from parser: any HDF5Parser, _ content: FileDescriptor
  ) throws(FileError) -> HDF5Catalogue {
    do {
      guard let frame = try parser.catalogue() else {
        throw unreadable(content)
      }
      return try HDF5Catalogue(frame: frame)
    } catch {
      throw FileError(error, reading: content)
    }
  }

  /// Makes groups of the claims that hold, and findings of those that don't.
  private static func checked(
    _ catalogue: HDF5Catalogue, fileSize: Int, for purpose: Purpose,
    _ findings: inout [Finding]
  ) -> [Group] {
    var groups: [Group] = []
    /// The place of each node among the groups.
    var places: [Int?] = []
    var paths: [String] = []
    var datasets = 0
    var left = fileSize
    /// The bytes of all data sets so far; those that are put together from others come last.
    var unpacked = 0
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
          let info = try HDF5DatasetInfo(
            claim, path: path, fileSize: fileSize, others: unpacked)
          let isVirtual = claim.layout == .virtual
          if isVirtual, purpose == .model {
            findings.append(HDF5Catalogue.Observation(virtual: path).finding)
          }
          enter(.dataset(datasets, info), node.name, in: parent)
          let sum = unpacked.addingReportingOverflow(info.count * info.elementSize)
          if !isVirtual { unpacked = sum.overflow ? .max : sum.partialValue }
          // Several names of one data set count once.
          if case .contiguous(let offset) = info.storage, offsets.insert(offset).inserted {
            left -= info.count * info.elementSize
          }
        } catch {
          findings.append(error.finding)
        }
      case .link(let target):
        places.append(nil)
        guard let parent else { continue }
        if purpose == .data {
          groups[parent].entries[node.name] = .link(target)
        } else {
          let path = paths[parent].isEmpty ? node.name : "\(paths[parent])/\(node.name)"
          let words =
            "'\(abbreviated(path))' is a link by name, which is not followed: '\(abbreviated(target))'"
          findings.append(Finding(.softLink, at: abbreviated(path), words))
        }
      }
    }
    if left < 0 {
      findings.append(Finding(.shapeBomb, "claims more bytes for its data sets than it has"))
    }
    return groups
  }

  /// Throws unless the file can be an HDF5 file, and says what it is instead where that is known.
  private static func checkKind(
    of content: FileDescriptor, for purpose: Purpose
  ) throws(FileError) {
    // Of data that is said before.
    guard purpose == .model, let message = FileKind(of: content).insteadOfModel else { return }
    throw FileError(otherKind: message, path: content.path)
  }
}

extension HDF5Catalogue.Observation {
  /// A data set that is put together from others.
  fileprivate init(virtual path: String) {
    self.init(rule: .virtualDataset, path: path, detail: "")
  }

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
      case .userLink: "\(place) is a link that only a program's own code can follow"
      case .virtualDataset:
        "its data set \(place) is put together from others, which are not opened"
      case .filter:
        "its data set \(place) is packed with the filter \(detail), which no Keras file has; "
          + HDF5Filter.advice(detail)
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
