import InferenceGraph

/// Reads a Keras model, for the loader and for the audit.
struct KerasReader {
  private let sandbox: Sandbox
  /// The name of the layer with the scores, for a model with several outputs.
  private let output: String?
  private(set) var record: ReadingRecord
  /// The file, once it is open.
  private(set) var content: FileDescriptor?

  init(_ path: String, output: String? = nil, sandbox: Sandbox, isTolerant: Bool) {
    self.sandbox = sandbox
    self.output = output
    record = ReadingRecord(path: path, isTolerant: isTolerant)
  }

  private var path: String { record.path }
  private var isTolerant: Bool { record.isTolerant }

  /// Reads the model.
  ///
  /// - Throws: ``FileError``; if its cause is the file's contents, a finding is added, unless an
  ///   earlier one of severity `error` explains it.
  mutating func read(architecture: String?, _ preprocessing: Preprocessing) throws(FileError)
    -> Model
  {
    do {
      let content = try FileDescriptor(path)
      self.content = content
      if FileKind(of: content) == .kerasArchive {
        return try read(
          KerasArchive(content, sandbox: sandbox), architecture: architecture,
          preprocessing)
      }
      let file = try HDF5File(content, sandbox: sandbox, isTolerant: isTolerant)
      try record.report(file.findings)
      if FileKind.endsWithArchive(content) {
        let finding = Finding(
          .kerasAmbiguous,
          "is an HDF5 file and a zip archive at once, so that readers can see different networks")
        try record.report([finding])
      }
      let description = try description(file, architecture)
      try record.report(findings(in: description), in: description.path)
      if let training = try KerasDescription.json("training_config", in: file) {
        try record.report(KerasAudit.findings(inTraining: training))
      }
      try record.report(Self.extras(in: file))
      return try model(file, description, preprocessing)
    } catch {
      throw record.explained(error, graph: .kerasConfig)
    }
  }

  private mutating func read(
    _ archive: KerasArchive, architecture: String?, _ preprocessing: Preprocessing
  ) throws -> Model {
    try record.report(archive.findings)
    let own = Result { () throws(FileError) in try archive.description() }
    let description =
      try architecture.map { path throws(FileError) in
        try KerasDescription(architecture: path, sandbox: sandbox, isTolerant: isTolerant)
      } ?? own.get()
    try record.report(findings(in: description), in: description.path)
    if let training = try? own.get().training {
      try record.report(KerasAudit.findings(inTraining: training))
    }
    let file = try archive.weightsFile(sandbox: sandbox, isTolerant: isTolerant)
    try record.report(file.findings)
    var model = try model(file, description, preprocessing)
    model.origin = KerasArchiveOrigin()
    return model
  }

  /// Reads the network from a model's file or from JSON, with blank weights.
  ///
  /// - Throws: ``FileError``, as for a model.
  mutating func readArchitecture() throws(FileError) -> Model {
    do {
      let description = try KerasDescription(
        architecture: path, sandbox: sandbox, isTolerant: isTolerant)
      try record.report(description.findings)
      try record.report(KerasAudit.findings(inModel: description.config))
      let network = try network(description)
      let graph = try KerasGraphBuilder.build(
        network, weights: KerasWeights(blankFor: network), major: description.major)
      return Model(graph: graph, name: network.name)
    } catch {
      throw record.explained(error, graph: .kerasConfig)
    }
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
      "holds only weights",
      remedies: [
        .give("the network as a Keras .h5 model or as JSON", for: "architecture")
      ])
  }

  /// Returns the findings in a configuration; for a separate file their locations begin with its
  /// name.
  private func findings(in description: KerasDescription) -> [Finding] {
    let found =
      KerasAudit.findings(inModel: description.config)
      + KerasSharing.findings(in: description.config, isArchived: description.isArchived)
    if description.path == path { return description.findings + found }
    let name = description.path.split(separator: "/").last.map(String.init) ?? description.path
    return (description.findings + found).map {
      Finding($0.rule, at: "\(name): \($0.location)", $0.message)
    }
  }

  private mutating func network(_ description: KerasDescription) throws -> KerasNetwork {
    try checkOutput(in: description)
    let network = try KerasNetwork(description.config, output: output)
    try record.report(try network.unreachable())
    if let precision = try network.precision() { try record.report([precision]) }
    let unsupported = try network.unsupported()
    try record.report(unsupported)
    if let first = unsupported.first { throw KerasError(first) }
    return network
  }

  /// Throws unless a model's output is the only one, or one of several that is named.
  private func checkOutput(in description: KerasDescription) throws(FileError) {
    let names = KerasNetwork.outputNames(description.config)
    let listed = names.prefix(ONNXReader.maximumListed).map { abbreviated($0) }
    if let output, !names.contains(output) {
      throw FileError(
        .usage, path: description.path, "has no output '\(abbreviated(output))'",
        remedies: names.count > 1 ? [.set("output-layer", to: listed)] : [.omit("output-layer")])
    }
    guard output != nil || names.count < 2 else {
      throw FileError(
        .usage, path: description.path, "has \(names.count) outputs",
        remedies: [.set("output-layer", to: listed)])
    }
  }

  private mutating func model(
    _ file: HDF5File, _ description: KerasDescription, _ preprocessing: Preprocessing
  ) throws -> Model {
    let network = try network(description)
    let weights = try KerasWeights(
      file, for: network, isWhole: description.isOwn(of: file), major: description.major,
      isTolerant: isTolerant)
    // Findings about weights are reported even if no graph can be built, but they do not explain
    // why.
    let built = Result {
      try KerasGraphBuilder.build(network, weights: weights, major: description.major)
    }
    if case .failure(let error) = built { _ = record.explained(error, graph: .kerasConfig) }
    try record.report(weights.findings)
    try record.report(Self.extras(in: file, besides: weights))
    let graph = try built.get()
    return Model(
      graph: graph, preprocessing: preprocessing, name: network.name,
      source: try Model.Source(of: content ?? file.content))
  }

  /// Returns findings about objects beside the model, or beside its layers' weights.
  private static func extras(in file: HDF5File) -> [Finding] {
    let isWhole = file.hasGroup("model_weights")
    let root = isWhole ? "model_weights" : ""
    let layers = file.names(listedAs: "layer_names", in: root)
    // Keras 3's own weights format has no such list.
    if layers.isEmpty { return [] }
    func path(_ parts: String...) -> String {
      parts.filter { !$0.isEmpty }.joined(separator: "/")
    }
    // The groups and data sets that a model may have.
    var groups: Set<String> = [path(root, "top_level_model_weights")]
    var weights: Set<String> = []
    for layer in layers {
      groups.formUnion(prefixes(of: path(root, layer)))
      for name in file.names(listedAs: "weight_names", in: path(root, layer)) {
        let places = prefixes(of: path(root, layer, name))
        guard let weight = places.last else { continue }
        weights.insert(weight)
        groups.formUnion(places.dropLast())
        // An oversized list is refused when weights are read.
        if weights.count > HDF5Catalogue.maximumNodes { return [] }
      }
    }
    // A layer without weights has empty groups within its own.
    let owners = Set(layers.map { path(root, $0) })
    var unexpected: [String] = []
    func search(_ group: String, isOwned: Bool) {
      for name in file.names(in: group) {
        let place = path(group, name)
        if file.hasGroup(place) {
          let isListed = isOwned || groups.contains(place)
          if isListed {
            search(place, isOwned: isOwned || owners.contains(place))
          } else {
            unexpected.append(place)
          }
        } else if !weights.contains(place) {
          unexpected.append(place)
        }
      }
    }
    search(root, isOwned: false)
    if isWhole {
      unexpected += file.names().filter { !["model_weights", "optimizer_weights"].contains($0) }
    }
    return unexpected.prefix(KerasAudit.maximumCount).map {
      let name = abbreviated($0)
      return Finding(
        .kerasExtra, at: name, "it holds '\(name)', which is not part of a Keras model")
    }
  }

  /// Returns the paths of the enclosing groups and the path itself; empty if it exceeds the maximum
  /// depth.
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
