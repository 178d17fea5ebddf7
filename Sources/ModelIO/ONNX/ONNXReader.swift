import InferenceGraph

/// Reads an ONNX model, for the loader and for the audit.
struct ONNXReader {
  private let sandbox: Sandbox
  /// A file with other weights for the network.
  private let weights: StateFile?
  /// The name of the output with the scores, for a network with several.
  private let output: String?
  /// The network without weights, and the file that tells it; nil to read an ONNX file.
  private let network: (catalogue: ONNXCatalogue, content: FileDescriptor)?
  private(set) var record: ReadingRecord
  /// The file, once it is open.
  private(set) var content: FileDescriptor?

  init(
    _ path: String, weights: StateFile? = nil, output: String? = nil, sandbox: Sandbox,
    isTolerant: Bool
  ) {
    self.sandbox = sandbox
    self.output = output
    self.weights = weights
    network = nil
    record = ReadingRecord(path: path, isTolerant: isTolerant)
  }

  /// - Parameters:
  ///   - network: The network without weights.
  ///   - content: The file that tells it.
  ///   - weights: The file with its weights.
  init(
    _ network: ONNXCatalogue, from content: FileDescriptor, weights: StateFile, output: String?,
    sandbox: Sandbox, isTolerant: Bool
  ) {
    self.sandbox = sandbox
    self.weights = weights
    self.output = output
    self.network = (network, content)
    record = ReadingRecord(path: content.path, isTolerant: isTolerant)
  }

  /// Reads the model.
  ///
  /// - Throws: ``FileError``; if its cause is the file's contents, a finding is added, unless an
  ///   earlier one of severity `error` explains it.
  mutating func read(_ preprocessing: Preprocessing) throws(FileError) -> Model {
    do {
      let file = try file()
      let content = file.content
      self.content = content
      try chooseOutput(file)
      let catalogue = file.catalogue
      try record.report(
        catalogue.extras.map { Finding(.onnxExtra, at: $0, "it holds \($0), which is not read") })
      try record.report(Self.foreignNodes(in: catalogue))
      try record.report(Self.precision(of: catalogue))
      try record.report(Self.duplicates(in: catalogue))
      let network = try ONNXNetwork(catalogue, output: catalogue.outputs[0].name)
      try record.report(network.findings)
      if let weights { try file.check(weights, in: network) }
      let result = try ONNXImporter.build(file, network)
      var model = Model(
        graph: result.graph, preprocessing: preprocessing,
        name: catalogue.name.isEmpty ? "model" : ONNXImporter.neutral(catalogue.name),
        source: try Model.Source(of: weights?.content ?? content))
      // The weights of another file have no place in this one.
      if let weights {
        let origin = StateOrigin(result, weights)
        model.notes += origin.notes
        model.origin = origin
      } else {
        model.origin = ONNXOrigin(file, result)
      }
      return model
    } catch {
      throw record.explained(error, graph: .onnxGraph)
    }
  }

  /// Leaves the output with the scores.
  ///
  /// - Throws: ``ONNXRefusal`` if the network has none; ``FileError`` if it has none of that name, or
  ///   several and none is named.
  private func chooseOutput(_ file: ONNXFile) throws {
    let outputs = file.catalogue.outputs
    guard !outputs.isEmpty else {
      throw ONNXRefusal(.onnxGraph, "the network has no output")
    }
    guard output != nil || outputs.count > 1 else { return }
    let names = outputs.prefix(Self.maximumListed).map { abbreviated($0.name) }
    guard let output else {
      throw FileError(
        .usage, path: record.path, "has \(outputs.count) outputs",
        remedies: [.set("output-layer", to: names)])
    }
    guard let chosen = outputs.first(where: { $0.name == output }) else {
      throw FileError(
        .usage, path: record.path, "has no output '\(abbreviated(output))'",
        remedies: outputs.count == 1 ? [.omit("output-layer")] : [.set("output-layer", to: names)])
    }
    file.catalogue.outputs = [chosen]
  }

  /// The largest number of outputs that a message lists.
  static let maximumListed = 8

  private func file() throws(FileError) -> ONNXFile {
    let file: ONNXFile
    if let network {
      file = ONNXFile(network.catalogue, from: network.content)
    } else {
      file = try ONNXFile(FileDescriptor(record.path), sandbox: sandbox)
    }
    if let weights { file.take(weights) }
    return file
  }

  private static func foreignNodes(in catalogue: ONNXCatalogue) -> [Finding] {
    catalogue.nodes.filter { !["", "ai.onnx"].contains($0.domain) }.prefix(KerasAudit.maximumCount)
      .map { node in
        node.refusal(
          .onnxDomain,
          "it is an operator of '\(abbreviated(node.domain))', not of ONNX; export the model with "
            + "ONNX's own operators"
        ).finding
      }
  }

  private static func precision(of catalogue: ONNXCatalogue) -> [Finding] {
    let types = Set(catalogue.tensors.map(\.type))
    let others: [(ONNXElementType, String)] = [
      (.float16, "16-bit"), (.bfloat16, "16-bit (bfloat16)"), (.double, "64-bit"),
    ]
    return others.filter { types.contains($0.0.rawValue) }.map {
      Finding(.onnxPrecision, "its weights are \($0.1) floats; everything is computed in 32 bits")
    }
  }

  private static func duplicates(in catalogue: ONNXCatalogue) -> [Finding] {
    var names: Set<String> = []
    return catalogue.tensors.filter { !names.insert($0.name).inserted }
      .prefix(KerasAudit.maximumCount)
      .map {
        let name = abbreviated($0.name)
        return Finding(
          .onnxDuplicateField, at: name,
          "has two tensors of the name '\(name)', so that readers can see different networks")
      }
  }
}
