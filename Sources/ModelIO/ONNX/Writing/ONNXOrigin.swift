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

  /// Whether a graph is that of the file with other weights, all of which have a place in it.
  func matches(_ graph: Graph) -> Bool {
    let own = network.graph
    guard graph.nodes.count == own.nodes.count, graph.output == own.output else { return false }
    return zip(graph.nodes, own.nodes).allSatisfy { node, old in
      guard node.name == old.name, node.inputs == old.inputs, node.activation == old.activation,
        node.shape == old.shape
      else { return false }
      if node.operation == old.operation { return true }
      let (weights, others) = (node.operation.namedWeights, old.operation.namedWeights)
      return node.operation.withoutWeights == old.operation.withoutWeights
        && weights.map(\.role) == others.map(\.role)
        && weights.map(\.tensor.shape) == others.map(\.tensor.shape)
        && zip(weights, others).allSatisfy { new, old in
          new.tensor == old.tensor || network.weights[node.name]?[new.role] != nil
        }
    }
  }

  // MARK: Writing

  /// Writes a copy of the file with the weights of a graph, and copies of its other files, named
  /// after the copy: `NAME.data`, `NAME.data-2` and so on. Everything else stays as it is.
  ///
  /// A tensor that several operators read stays too: an operator whose weights changed gets a tensor
  /// of its own.
  ///
  /// - Parameter graph: A graph that ``matches(_:)``.
  /// - Throws: ``FileError`` if a file has changed since the model was read, or cannot be written.
  func write(_ graph: Graph, to path: String) throws(FileError) {
    try check(path)
    var changes = ONNXChanges(self)
    for (new, old) in zip(graph.nodes, network.graph.nodes) where new.operation != old.operation {
      for (weight, before) in zip(new.operation.namedWeights, old.operation.namedWeights)
      where weight.tensor != before.tensor {
        guard let place = network.weights[new.name]?[weight.role] else {
          preconditionFailure("a graph whose weights have no place in the file")
        }
        changes.add(weight.tensor.values, at: place, weight.role, of: new.name)
      }
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
  private func check(_ path: String) throws(FileError) {
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
    try AtomicFile.write(to: path) { descriptor in
      for piece in copy.pieces {
        switch piece {
        case .new(let bytes): try Descriptor.write(bytes, to: descriptor)
        case .old(let range):
          for part in range.parts(of: Self.bufferSize) {
            try Descriptor.write(try file.bytes(in: part), to: descriptor)
          }
        case .elements(let elements, let range):
          let size = elements.type.size
          for part in range.parts(of: Self.bufferSize) {
            let first = (part.lowerBound - range.lowerBound) / size
            let bytes = elements.bytes(
              of: first..<first + part.count / size, old: try file.bytes(in: part))
            try Descriptor.write(bytes, to: descriptor)
          }
        }
      }
    }
  }

  /// The number of bytes that are copied at a time, a multiple of every element's size.
  private static let bufferSize = 1 << 20
}

extension Range<Int> {
  /// Returns the range in parts of `size`; the last may be shorter.
  fileprivate func parts(of size: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: size).map {
      $0..<Swift.min($0 + size, upperBound)
    }
  }
}
