import InferenceGraph

/// Reads a Keras model; the one way in, for the loader and for the inspection.
///
/// What it comes across is a finding. The loader refuses the file at the first that is an error;
/// the inspection, which is tolerant, goes on as far as it can.
struct KerasReader {
  let path: String
  let sandbox: Sandbox
  let isTolerant: Bool
  private(set) var findings: [Finding] = []
  /// The file, once it is open.
  private(set) var content: FileDescriptor?
  /// Why there is no model; what is found afterwards is not the reason.
  private var reason: FileError?

  init(_ path: String, sandbox: Sandbox, isTolerant: Bool) {
    self.path = path
    self.sandbox = sandbox
    self.isTolerant = isTolerant
  }

  /// Reads the model.
  ///
  /// - Throws: ``FileError``; where the file's contents are the reason, it is among the findings,
  ///   unless they have an error already from which it follows.
  mutating func read(architecture: String?, inputScale: Float) throws(FileError) -> Model {
    do {
      let content = try FileDescriptor(path)
      self.content = content
      let file = try HDF5File(content, sandbox: sandbox, isTolerant: isTolerant)
      try report(file.findings)
      let description = try description(file, architecture)
      try report(findings(in: description), in: description.path)
      if let training = try KerasDescription.json("training_config", in: file) {
        try report(KerasAudit.findings(inTraining: training))
      }
      try report(Self.extras(in: file))
      return try model(file, description, inputScale)
    } catch {
      throw explained(refusal(error))
    }
  }

  /// Reads the network alone, from a model's file or from JSON; its weights are blank.
  ///
  /// - Throws: ``FileError``, as for a model.
  mutating func readArchitecture() throws(FileError) -> Model {
    do {
      let description = try KerasDescription(
        architecture: path, sandbox: sandbox, isTolerant: isTolerant)
      try report(description.findings)
      try report(KerasAudit.findings(inModel: description.config))
      let network = try network(description)
      let graph = try KerasGraphBuilder.build(
        network, weights: KerasWeights(blankFor: network), major: description.major)
      return Model(graph: graph, name: network.name)
    } catch {
      throw explained(refusal(error))
    }
  }

  /// Returns an error of any of the stages as one about the file.
  private func refusal(_ error: any Error) -> FileError {
    switch error {
    case let error as FileError: error
    case let error as KerasError: FileError(refused: error.finding, path: path)
    case let error as GraphError:
      FileError(
        refused: Finding(
          error.isTooLarge ? .graphSize : .kerasConfig, at: abbreviated(error.node), "\(error)"),
        path: path)
    default: FileError(.badData, path: path, "\(error)")
    }
  }

  private mutating func report(
    _ found: [Finding], in file: String? = nil
  ) throws(FileError) {
    findings += found
    if !isTolerant, let first = found.first(where: { $0.rule.severity == .error }) {
      throw FileError(refused: first, path: file ?? path)
    }
  }

  /// Returns why the file is of no use, after seeing to it that the findings say so.
  private mutating func explained(_ error: FileError) -> FileError {
    // The loader ends at the first error, which says it all.
    guard isTolerant else { return error }
    if let reason { return reason }
    var result = error
    if error.kind == .badData {
      if let first = findings.first(where: { $0.rule.severity == .error }) {
        // What goes wrong behind a finding of this kind goes wrong because of it.
        result = FileError(refused: first, path: path)
      } else {
        let finding = error.finding ?? Finding(.damaged, error.message)
        if !findings.contains(finding) { findings.append(finding) }
      }
    }
    reason = result
    return result
  }

  // MARK: The parts

  private func description(
    _ file: HDF5File, _ architecture: String?
  ) throws(FileError) -> KerasDescription {
    if let architecture {
      return try KerasDescription(
        architecture: architecture, sandbox: sandbox, isTolerant: isTolerant)
    }
    if let own = try KerasDescription(file) { return own }
    let groups = ["layers", "_layer_checkpoint_dependencies"]
    if !groups.contains(where: file.hasGroup), file.strings("layer_names") == nil,
      file.strings("layer_names0") == nil
    {
      let names = file.names().prefix(5).joined(separator: ", ")
      let finding = Finding(
        .kerasConfig,
        "holds no Keras model (it has: \(names.isEmpty ? "nothing" : abbreviated(names))); "
          + "give a file written by model.save()")
      throw FileError(refused: finding, path: path)
    }
    throw FileError(
      .usage, path: path,
      "holds weights alone; give the network's description with --architecture FILE, another "
        + "Keras .h5 model or its JSON")
  }

  /// What is in the configuration; a description of its own is named with its file.
  private func findings(in description: KerasDescription) -> [Finding] {
    let found =
      KerasAudit.findings(inModel: description.config)
      + KerasSharing.findings(in: description.config)
    if description.path == path { return description.findings + found }
    let name = description.path.split(separator: "/").last.map(String.init) ?? description.path
    return (description.findings + found).map {
      Finding($0.rule, at: "\(name): \($0.location)", $0.message)
    }
  }

  private mutating func network(_ description: KerasDescription) throws -> KerasNetwork {
    let network = try KerasNetwork(description.config)
    try report(try network.unreachable())
    if let precision = try network.precision() { try report([precision]) }
    let unsupported = try network.unsupported()
    try report(unsupported)
    if let first = unsupported.first { throw KerasError(first) }
    return network
  }

  private mutating func model(
    _ file: HDF5File, _ description: KerasDescription, _ inputScale: Float
  ) throws -> Model {
    let network = try network(description)
    let weights = try KerasWeights(
      file, for: network, isWhole: description.isOwn(of: file), major: description.major,
      isTolerant: isTolerant)
    // Listed also if no graph can be made; but they don't explain why not.
    let built = Result {
      try KerasGraphBuilder.build(network, weights: weights, major: description.major)
    }
    if case .failure(let error) = built { _ = explained(refusal(error)) }
    try report(weights.findings)
    let graph = try built.get()
    let source = Model.Source(
      file: path.split(separator: "/").last.map(String.init) ?? path,
      sha256: try sha256(of: file.content))
    return Model(graph: graph, inputScale: inputScale, name: network.name, source: source)
  }

  /// What stands beside the model or beside its layers' weights.
  private static func extras(in file: HDF5File) -> [Finding] {
    let isWhole = file.hasGroup("model_weights")
    let root = isWhole ? "model_weights" : ""
    let layers = file.names(listedAs: "layer_names", in: root)
    // Files of Keras 3's own format of weights have no such list.
    if layers.isEmpty { return [] }
    func path(_ parts: String...) -> String {
      parts.filter { !$0.isEmpty }.joined(separator: "/")
    }
    // The groups that there may be, and the data sets.
    var groups: Set<String> = [path(root, "top_level_model_weights")]
    var weights: Set<String> = []
    for layer in layers {
      groups.formUnion(prefixes(of: path(root, layer)))
      for name in file.names(listedAs: "weight_names", in: path(root, layer)) {
        let places = prefixes(of: path(root, layer, name))
        guard let weight = places.last else { continue }
        weights.insert(weight)
        groups.formUnion(places.dropLast())
        // What lists so much is refused where weights are read.
        if weights.count > HDF5Catalogue.maximumNodes { return [] }
      }
    }
    // A layer without weights has empty groups within its own.
    let owners = Set(layers.map { path(root, $0) })
    var strange: [String] = []
    func search(_ group: String, isOwned: Bool) {
      for name in file.names(in: group) {
        let place = path(group, name)
        if file.hasGroup(place) {
          let isListed = isOwned || groups.contains(place)
          if isListed {
            search(place, isOwned: isOwned || owners.contains(place))
          } else {
            strange.append(place)
          }
        } else if !weights.contains(place) {
          strange.append(place)
        }
      }
    }
    search(root, isOwned: false)
    if isWhole {
      strange += file.names().filter { !["model_weights", "optimizer_weights"].contains($0) }
    }
    return strange.prefix(KerasAudit.maximumCount).map {
      let name = abbreviated($0)
      return Finding(.kerasExtra, at: name, "it holds '\(name)', which is no part of a Keras model")
    }
  }

  /// The paths of the groups around something, and its own; none if it lies deeper than anything.
  private static func prefixes(of path: String) -> [String] {
    var result: [String] = []
    let parts = path.split(separator: "/")
    if parts.count > HDF5Catalogue.maximumDepth + 1 { return [] }
    for part in parts {
      result.append(result.last.map { "\($0)/\(part)" } ?? String(part))
    }
    return result
  }
}
