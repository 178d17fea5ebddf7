import InferenceGraph

/// An open ONNX file that a model was read from, for writing copies with other weights.
struct ONNXOrigin: ModelOrigin {
  let file: FileDescriptor
  /// The other files with tensors, by the names in the model.
  let others: [String: FileDescriptor]
  private let versions: [String: FileVersion]
  let network: ONNXImport
  /// The version of the format.
  let version: Int64
  /// The field with the network.
  let graph: ONNXPlace
  let messages: [ONNXPlace]
  let locations: [ONNXCatalogue.Location]
  /// The tensors of floating-point numbers that the network reads, in the order of the file.
  let tensors: [ONNXTensor]
  /// The names of all values.
  let names: Set<String>
  /// Why no copy can be written; nil if it can.
  let obstacle: String?

  /// Opens all other files that the model names, whether a weight is in them or not.
  init(_ file: ONNXFile, _ network: ONNXImport) {
    let catalogue = file.catalogue
    self.file = file.content
    self.network = network
    version = catalogue.version
    let read = Set(catalogue.nodes.flatMap(\.inputs))
    tensors = catalogue.tensors.filter {
      read.contains($0.name) && ONNXElementType(rawValue: $0.type)?.isFloat ?? false
    }
    messages = catalogue.messages
    locations = catalogue.locations
    names = Set(
      catalogue.tensors.map(\.name)
        + (catalogue.inputs + catalogue.outputs).map(\.name)
        + catalogue.nodes.flatMap { $0.inputs + $0.outputs })
    // The network is the first message, and the others lie in it.
    graph = messages.first ?? ONNXPlace(number: 7, start: 0, range: 1..<1)
    var obstacle = network.obstacle
    var others: [String: FileDescriptor] = [:]
    for name in Set(locations.map(\.file)).sorted() {
      do {
        others[name] = try file.other(name, for: name)
      } catch {
        obstacle = obstacle ?? "it names the file '\(abbreviated(name))', which cannot be copied"
      }
    }
    self.others = others
    var versions: [String: FileVersion] = [:]
    for (name, file) in others { versions[name] = FileVersion(of: file) }
    versions[""] = FileVersion(of: file.content)
    self.versions = versions
    let end = file.content.size
    if messages.contains(where: { $0.range.upperBound > end }) {
      obstacle = obstacle ?? "its messages reach beyond its end"
    }
    self.obstacle = obstacle
  }

  // MARK: Writing

  /// Writes a copy of the file with the weights of a graph, and copies of its other files, named
  /// after the copy: `NAME.data`, `NAME.data-2` and so on. Everything else stays as it is.
  ///
  /// A tensor that several operators read stays too: an operator whose weights changed gets a tensor
  /// of its own.
  ///
  /// - Parameter graph: A graph that ``ONNXImport/matches(_:)``.
  /// - Throws: ``FileError`` if a file has changed since the model was read, or cannot be written.
  func write(_ graph: Graph, to path: String) throws(FileError) {
    try check(path)
    var changes = ONNXChanges(self)
    for change in network.changes(in: graph) {
      changes.add(change.values, at: change.place, change.role, of: change.layer)
    }
    let names = otherNames(for: path)
    for location in locations {
      changes.edits.append(
        .value(Array(names[location.file, default: ""].utf8), of: location.place))
    }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    for (name, file) in others.sorted(by: { $0.key < $1.key }) {
      let target = folder + names[name, default: ""]
      try check(target)
      try write(file, messages: [], changes.others[name, default: []], [:], to: target)
    }
    try write(
      file, messages: messages, changes.edits, [self.graph: changes.insertion], to: path)
  }

  private func otherNames(for path: String) -> [String: String] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    var result: [String: String] = [:]
    for (number, other) in others.keys.sorted().enumerated() {
      result[other] = number == 0 ? "\(name).data" : "\(name).data-\(number + 1)"
    }
    return result
  }

  /// Throws if the originals have changed, or one of them is at `path`.
  func check(_ path: String) throws(FileError) {
    for (name, file) in [("", file)] + others.map({ ($0.key, $0.value) }) {
      guard let version = versions[name], FileVersion(of: file) == version else {
        throw FileError(
          .cannotWrite, path: path,
          "\(file.path), whose weights it takes, has changed since the model was read; run it again"
        )
      }
      if version.identity == FileIdentity(path) {
        throw FileError(.cannotWrite, path: path, "is the model that was read; give another name")
      }
    }
  }

  private func write(
    _ file: FileDescriptor, messages: [ONNXPlace], _ edits: [ONNXEdit],
    _ insertions: [ONNXPlace: [UInt8]], to path: String
  ) throws(FileError) {
    let copy: ONNXCopy
    do {
      copy = try ONNXCopy(
        size: file.size, messages: messages, edits, insertions: insertions)
    } catch {
      throw FileError(refused: error.finding, path: file.path)
    }
    try copy.write(from: file, to: path)
  }
}
