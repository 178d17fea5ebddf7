import InferenceGraph

/// An HDF5 file open for reading.
///
/// The structure is parsed once at opening, in a sealed process if the system has one, and checked
/// here. Groups and data sets are identified by paths from the root. In a model's file only hard
/// links are followed.
final class HDF5File: Sendable {
  /// The purpose of reading a file, which decides what it may contain.
  enum Purpose: Sendable {
    /// A model or another file of doubtful origin; soft links and virtual data sets are errors.
    case model
    /// Images and labels; soft links within the file, virtual data sets and MATLAB's user block are
    /// allowed.
    case data
  }

  /// The path, as the caller passed it.
  let path: String
  /// What an honest file does not have, in the order of detection.
  let findings: [Finding]
  /// The descriptor of the file.
  let content: FileDescriptor
  private let parser: any HDF5Parser
  private let groups: [Group]
  /// Whether MATLAB wrote the file; it stores the last axis first.
  let isMATLAB: Bool

  /// The target of a link: the index of a group, or the number and description of a data set.
  enum Entry: Sendable {
    case group(Int)
    case dataset(Int, HDF5DatasetInfo)
    /// A soft link to this path.
    case link(String)
  }

  struct Group: Sendable {
    var attributes: [String: [String]] = [:]
    var entries: [String: Entry] = [:]
  }

  /// Opens a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - sandbox: Whether a sealed process parses the file.
  ///   - isTolerant: Whether to open the file despite findings of severity `error`.
  ///   - purpose: The purpose of reading it.
  /// - Throws: ``FileError`` if the file cannot be read or is refused; the message of a refusal
  ///   ends with the rule's name.
  convenience init(
    _ path: String, sandbox: Sandbox = .auto, isTolerant: Bool = false,
    for purpose: Purpose = .model
  ) throws(FileError) {
    try self.init(
      FileDescriptor(path), sandbox: sandbox, isTolerant: isTolerant, for: purpose)
  }

  /// Wraps an open file; see ``init(_:sandbox:isTolerant:for:)-(String,_,_,_)``.
  convenience init(
    _ content: FileDescriptor, sandbox: Sandbox, isTolerant: Bool, for purpose: Purpose = .model
  ) throws(FileError) {
    try Self.checkKind(of: content, for: purpose)
    let parser = try Self.parser(for: content, sandbox)
    try self.init(content, parser: parser, isTolerant: isTolerant, for: purpose)
  }

  /// Wraps an open file with a given parser.
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

  /// The size in bytes, an upper bound for everything stored in the file.
  var size: Int { content.size }

  /// Returns whether there is a group at the path.
  func hasGroup(_ path: String) -> Bool { group(path) != nil }

  /// Returns the names of a group's members, sorted; empty if there is no such group.
  func names(in path: String = "") -> [String] { group(path)?.entries.keys.sorted() ?? [] }

  /// Returns the texts of an attribute; nil if it is missing or not text.
  func strings(_ name: String, in path: String = "") -> [String]? { group(path)?.attributes[name] }

  /// Returns a list of names from an attribute, or from `name0`, `name1`, ... if it is split; empty
  /// if missing.
  func names(listedAs name: String, in path: String) -> [String] {
    namesIfListed(as: name, in: path) ?? []
  }

  /// Returns a list of names as above; nil if missing.
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

  /// Returns the data set at a path.
  ///
  /// - Throws: ``FileError`` if there is none.
  func dataset(_ path: String) throws(FileError) -> HDF5Dataset {
    guard let dataset = datasetIfPresent(path) else { throw failure("has no data set '\(path)'") }
    return dataset
  }

  /// Returns the data set at a path; nil if there is none.
  func datasetIfPresent(_ path: String) -> HDF5Dataset? {
    guard case .dataset(let number, let info)? = entry(path) else { return nil }
    return HDF5Dataset(
      file: self, path: path, number: number, info: info, content: content, parser: parser)
  }

  /// The path and description of every data set, sorted by path.
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

  /// Resolves a path from a group; nil if it has no target or more than 16 links.
  private func entry(_ path: String, from start: Int, _ links: inout Int) -> Entry? {
    var result = Entry.group(path.hasPrefix("/") ? 0 : start)
    for component in path.split(separator: "/") where component != "." {
      guard case .group(let index) = result,
        let next = groups[index].entries[String(component)]
      else { return nil }
      result = next
      guard case .link(let target) = next else { continue }
      links += 1
      guard links <= Self.maximumLinks, let place = entry(target, from: index, &links) else {
        return nil
      }
      result = place
    }
    return result
  }

  /// The largest number of links in the resolution of a path.
  private static let maximumLinks = 16
}
