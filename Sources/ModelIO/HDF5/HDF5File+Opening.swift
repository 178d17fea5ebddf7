extension HDF5File {
  /// Returns whether the user block is that of MATLAB 7.3: 116 characters of text, 12 bytes with
  /// the version, zeros up to byte 512.
  static func hasMATLABBlock(_ content: FileDescriptor) -> Bool {
    let block = content.prefix(count: 512)
    return block.starts(with: "MATLAB 7.3 MAT-file".utf8)
      && content.starts(with: FileKind.signature, at: 512)
      && block[..<116].allSatisfy { (0x20..<0x7F).contains($0) || $0 == 0 }
      && block[128...].allSatisfy { $0 == 0 }
  }

  /// Returns the error for a file that libhdf5 does not open.
  private static func unreadable(_ content: FileDescriptor) -> FileError {
    if !content.isNamed {
      return FileError(
        refused: Finding(
          .damaged, "its weights are not an HDF5 file, or a damaged one; save the model again"),
        path: content.path)
    }
    let start = content.prefix(count: 12)
    // Superblock version 3 has flags: bit 0 for open for writing, bit 2 for single writer, multiple
    // readers.
    if start.count == 12, start.starts(with: FileKind.signature), start[8] == 3, start[11] & 5 != 0
    {
      return FileError(
        .badData, path: content.path,
        "is marked as open for writing, perhaps by a program that was ended; if no program writes "
          + "to it, run `h5clear -s \(content.path)`")
    }
    let notHDF5 = "is not an HDF5 file, or a damaged one; check it with `h5ls` or copy it again"
    return FileError(refused: Finding(.damaged, notHDF5), path: content.path)
  }

  static func parser(
    for content: FileDescriptor, _ sandbox: Sandbox
  ) throws(FileError) -> any HDF5Parser {
    if let process = try SealedProcess.start(for: content, sandbox) {
      return HDF5SealedParser(process, fileSize: content.size)
    }
    let parser =
      content.isNamed
      ? HDF5LocalParser(path: content.path, fileSize: content.size)
      : try HDF5LocalParser(unnamed: content)
    guard let parser else { throw unreadable(content) }
    return parser
  }

  static func catalogue(
    from parser: any HDF5Parser, _ content: FileDescriptor
  ) throws(FileError) -> HDF5Catalogue {
    do {
      guard let message = try parser.catalogue() else {
        throw unreadable(content)
      }
      return try HDF5Catalogue(message: message)
    } catch {
      throw FileError(error, reading: content)
    }
  }

  /// Converts valid claims to groups, and appends findings for invalid ones.
  static func checked(
    _ catalogue: HDF5Catalogue, fileSize: Int, for purpose: Purpose,
    _ findings: inout [Finding]
  ) -> [Group] {
    var groups: [Group] = []
    /// The index among the groups, for each node that is a group.
    var places: [Int?] = []
    var paths: [String] = []
    var datasets = 0
    var left = fileSize
    /// The bytes of all data sets so far; virtual ones come last.
    var unpacked = 0
    var offsets: Set<Int> = []
    // Names may become equal as text when they differ in invalid UTF-8 or in the normalization of
    // accents; other readers keep them apart.
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

  /// Throws unless the file may be HDF5; the message names the actual kind if it is known.
  static func checkKind(
    of content: FileDescriptor, for purpose: Purpose
  ) throws(FileError) {
    // `DataFile` makes this check for data files.
    guard purpose == .model, content.isNamed,
      let message = FileKind(of: content).insteadOfModel(content.path)
    else { return }
    throw FileError(otherKind: message, path: content.path)
  }
}
