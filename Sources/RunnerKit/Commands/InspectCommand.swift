internal import ArgumentParser
internal import DefenseKit

/// Shows the contents of a model file, and the findings of its audit.
struct InspectCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "inspect",
      abstract: "Show a model's layers and audit its file.",
      discussion: discussion(
        """
        Runs nothing in the file. The exit status is 0 if there are no findings except notes, 1 if \
        there are errors or warnings, and 65 if the file could not be read completely. No findings \
        do not prove that there is no backdoor.
        """))
  }

  static var examples: [Example] {
    [
      Example("The layers and findings of a model", "inspect suspect.h5"),
      Example(
        "A file of weights, with the network described in another file",
        "inspect weights.h5 --architecture model.json"),
      Example("Findings for a code scanning service", "inspect suspect.h5 --sarif"),
    ]
  }

  @Argument(
    help: "Keras (.h5, .keras) or ONNX file, or weights of PyTorch or safetensors.",
    completion: .model)
  var model: String

  @Option(
    help: ModelArguments.architectureHelp,
    completion: .network)
  var architecture: String?

  @Option(help: ModelArguments.outputLayerHelp)
  var outputLayer: String?

  @OptionGroup var parsing: ParsingArguments

  @Flag(help: "Print model and findings as JSON.")
  var json = false

  @Flag(help: "Print findings as SARIF 2.1.0, for code scanning.")
  var sarif = false

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    if json && sarif { throw Failure(option: "--json", "and --sarif cannot both be printed") }
    let context = context(parsing)
    let audit = try context.phase("inspecting", images: 0) { _ in
      try ModelAudit(
        model, architecture: architecture, outputLayer: outputLayer, sandbox: parsing.sandbox)
    }
    parsing.warn(in: context)
    if let failure = audit.failure, failure.kind == .usage, audit.findings.isEmpty { throw failure }
    if sarif {
      try StandardOutput.write(audit.sarif(tool: "DefenseKit", version: defenseKitVersion).text)
    } else if json {
      try StandardOutput.write(audit.json.text)
    } else {
      try StandardOutput.write(Style.output.headed(Self.text(audit)))
    }
    if let failure = audit.failure, failure.kind == .usage { throw failure }
    guard audit.isComplete else {
      let reason = audit.failure?.problem ?? "see its findings"
      throw Failure(
        Failure.data, "\(model): could not be read to its end: \(reason)".visible)
    }
    if audit.findings.contains(where: { $0.rule.severity > .note }) {
      throw Failure(Failure.findings, nil)
    }
  }

  /// Returns the listing of the model, if it could be read, and the findings.
  static func text(_ audit: ModelAudit) -> String {
    let listing =
      audit.model.map { Self.text($0, cost: audit.costPerImage) }
      ?? (audit.tensors.isEmpty ? nil : text(audit.tensors, sha256: audit.sha256))
      ?? "No model can be built from \(audit.path.visible).\n"
    return listing + "\n" + text(audit.findings)
  }

  /// Returns the listing of a file of weights.
  private static func text(_ tensors: [StoredTensor], sha256: String) -> String {
    var rows = [["tensor", "type", "shape"]]
    for tensor in tensors {
      rows.append([
        clipped(tensor.name, to: 60), tensor.type,
        tensor.shape.map(String.init).joined(separator: "x"),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      row.enumerated().map { $0 < 2 ? $1.padding(to: widths[$0]) : $1.padded(to: widths[$0]) }
        .joined(separator: "  ")
    }
    lines.insert(String(repeating: "─", count: widths.reduce(0, +) + 4), at: 1)
    // The parser bounds the number of elements of each.
    let count = tensors.reduce(0) { $0 &+ $1.shape.reduce(1, &*) }
    lines += [
      "", "tensors     \(grouped(tensors.count))", "parameters  \(grouped(count))",
      "layers      not in the file: --architecture takes the network as ONNX",
    ]
    return (lines + ["SHA-256     \(sha256)"]).joined(separator: "\n") + "\n"
  }

  private static func text(_ findings: [Finding]) -> String {
    guard !findings.isEmpty else {
      return "No findings. This does not prove that there is no backdoor.\n"
    }
    let counts = Finding.Severity.allCases.reversed().compactMap { severity in
      let count = findings.count { $0.rule.severity == severity }
      return count == 0 ? nil : "\(grouped(count)) \(severity)\(count == 1 ? "" : "s")"
    }
    let lines = findings.map { finding in
      "\(finding.rule.severity): \(finding.message.visible) "
        + "[\(finding.rule.name), \(finding.rule.technique)]"
    }
    return "Findings: \(counts.joined(separator: ", "))\n\n" + lines.joined(separator: "\n") + "\n"
  }

  /// Returns the listing of a model.
  ///
  /// - Parameter cost: Multiply-adds for one image; nil if the model cannot run.
  static func text(_ model: Model, cost: Int?) -> String {
    let graph = model.graph
    let prunable = graph.prunableLayers.joined(separator: ", ").visible
    var rows = [["layer", "operation", "reads", "shape", "parameters", "KiB"]]
    for node in graph.nodes {
      let activation = node.activation == .linear ? "" : ", \(name(node.activation))"
      let parameters = node.operation.weights.reduce(0) { $0 + $1.count }
      rows.append([
        clipped(node.name), node.operation.displayName + activation,
        clipped(node.inputs.map { graph.nodes[$0].name }.joined(separator: ", ")),
        node.shape.map(String.init).joined(separator: "x"),
        parameters == 0 ? "" : grouped(parameters), kibibytes(node.elementCount * 4),
      ])
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      let cells = row.enumerated().map { column, cell in
        column < 3 ? cell.padding(to: widths[column]) : cell.padded(to: widths[column])
      }
      return cells.joined(separator: "  ")
    }
    lines.insert(String(repeating: "─", count: widths.reduce(0, +) + 10), at: 1)
    lines += [
      "",
      "classes          \(grouped(model.classCount))",
      "parameters       \(grouped(graph.parameterCount))",
      "multiply-adds    "
        + "\(cost.map { "\(grouped($0)) per image" } ?? "unknown: the model cannot run")",
      "prunable layers  \(prunable.isEmpty ? "none" : prunable)",
      "pruned first     \(graph.lastConvolution?.visible ?? "none: there is no convolution")",
    ]
    if ModelFile.fileExtension(of: model) == "keras" {
      lines.append("written back as  a new .keras file, without the state of the optimizer")
    } else if let form = writtenForm(model) {
      do throws(FileError) {
        try ModelFile.checkWriting(model)
        lines.append("written back as  \(form)")
      } catch {
        lines.append("written back as  Keras .h5 only: \(error.problem)".visible)
      }
    }
    let forms = ModelFormat.allCases.filter { (try? ModelFile.checkWriting(model, as: $0)) != nil }
    lines.append(
      "can be written   "
        + (forms.isEmpty ? "in no format" : "as \(forms.map(\.rawValue).joined(separator: ", "))"))
    if let source = model.source { lines.append("SHA-256          \(source.sha256)") }
    if !model.notes.isEmpty { lines += [""] + model.notes.map(\.visible) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Returns what a repaired copy of a model's file is; nil for a Keras file.
  private static func writtenForm(_ model: Model) -> String? {
    switch ModelFile.format(of: model) {
    case .keras: nil
    case .onnx: "ONNX, a copy of the file with other weights"
    case .safetensors: "safetensors, a copy of the file with other weights"
    case .pt: "PyTorch, a new checkpoint with the same keys and types"
    }
  }

  /// Returns an activation's case without its parameters.
  private static func name(_ activation: Activation) -> String {
    String("\(activation)".prefix { $0 != "(" })
  }

  /// Returns a name from the file with invisible characters escaped, at most `limit` scalars long.
  private static func clipped(_ text: String, to limit: Int = 28) -> String {
    let text = text.visible
    // Scalars are counted because a character may have any number of combining marks.
    return text.unicodeScalars.count > limit
      ? String(text.unicodeScalars.prefix(limit - 1)) + "…" : text
  }

  /// Formats a number of bytes in KiB with one decimal.
  private static func kibibytes(_ bytes: Int) -> String {
    let tenths = (bytes * 10 + 512) / 1024
    return "\(grouped(tenths / 10)).\(tenths % 10)"
  }
}
