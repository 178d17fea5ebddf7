import InferenceGraph

/// The network of a model whose weights are from a file of weights, for writing files of its kind.
struct StateOrigin: ModelOrigin {
  /// The form of the file.
  enum Form: Sendable, Hashable {
    case safetensors
    /// A checkpoint of PyTorch.
    case checkpoint
    /// A program of `torch.export`, which is not written.
    case program
  }

  /// The network of the file that describes it.
  let network: ONNXImport
  let form: Form
  let source: StateSource
  /// Why its weights cannot be written back; nil if they can.
  let obstacle: String?
  /// The weights by the names that the network gives them.
  private let entries: [String: StateFile.Entry]

  init(_ network: ONNXImport, _ file: StateFile) {
    self.network = network
    source = StateSource(file)
    entries = file.entries
    form =
      switch FileKind(of: file.content) {
      case .safetensors: .safetensors
      case .torchProgram: .program
      default: .checkpoint
      }
    obstacle =
      network.obstacle ?? Self.obstacle(network, file.entries)
      ?? (form == .checkpoint && file.catalogue.skeleton == nil
        ? "its weights lie in an object that is not written" : nil)
  }

  private static func obstacle(
    _ network: ONNXImport, _ entries: [String: StateFile.Entry]
  ) -> String? {
    var used: [StateTensor] = []
    for (layer, weights) in network.weights.sorted(by: { $0.key < $1.key }) {
      for (role, weight) in weights.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        guard let stored = weight.stored, let entry = entries[stored.name] else {
          return
            "the \(role.displayName) of layer '\(layer)' is computed from others, or read twice"
        }
        used.append(entry.tensor)
      }
    }
    used.sort { ($0.offset, $0.name) < ($1.offset, $1.name) }
    for (tensor, next) in zip(used, used.dropFirst()) where tensor.end > next.offset {
      return "its tensors '\(abbreviated(tensor.name))' and '\(abbreviated(next.name))' share "
        + "their elements"
    }
    return nil
  }

  /// What a repaired copy lacks, or keeps from the suspect.
  var notes: [String] {
    guard form == .checkpoint, obstacle == nil else { return [] }
    let (path, catalogue) = (source.content.path, source.catalogue)
    var notes: [String] = []
    if !catalogue.omitted.isEmpty { notes.append(Self.omission(catalogue, path)) }
    if !catalogue.otherSets.isEmpty {
      notes.append(
        "\(path): a copy (.pt) keeps the tensors in \(Self.list(catalogue.otherSets)) as "
          + "they are; only those in '\(abbreviated(catalogue.wrapper))' are repaired")
    }
    return notes
  }

  /// The note on what a copy of a checkpoint lacks.
  static func omission(_ catalogue: StateCatalogue, _ path: String) -> String {
    "\(path): a copy (.pt) leaves out \(list(catalogue.omitted)), whose values are not plain"
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(5).map { $0.isEmpty ? "the outermost dictionary" : "'\($0)'" }
    let rest = names.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }

  /// Returns the new elements of tensors whose weights a graph changes.
  ///
  /// A weight with a mask becomes the tensor before it where it changes, and the mask 1.
  ///
  /// - Parameter graph: A graph that `network` matches.
  /// - Throws: ``FileError`` if the file cannot be read.
  func changes(in graph: Graph) throws(FileError) -> StateSource.Changes {
    var changes: StateSource.Changes = [:]
    for change in network.changes(in: graph) {
      guard let stored = change.place.stored, let entry = entries[stored.name] else {
        preconditionFailure("a weight without a tensor")
      }
      let (factor, permutation) = (change.place.factor, change.place.permutation)
      let inNode = permutation.map { $0.inverse(change.values) } ?? change.values
      let values = stored.inFile(inNode)
      let tensor = entry.tensor
      guard let mask = entry.mask else {
        changes[tensor.place] = ONNXElements(values: values, factor: factor, type: tensor.type)
        continue
      }
      var originals = tensor.type.floats(try tensor.bytes(in: source.content))
      var factors = mask.type.floats(try mask.bytes(in: source.content))
      for index in values.indices {
        let present = originals[index] * factors[index] * factor
        if present == values[index] || present.bitPattern == values[index].bitPattern { continue }
        originals[index] = values[index] / factor
        factors[index] = 1
      }
      changes[tensor.place] = ONNXElements(values: originals, factor: 1, type: tensor.type)
      changes[mask.place] = ONNXElements(values: factors, factor: 1, type: mask.type)
    }
    return changes
  }
}
