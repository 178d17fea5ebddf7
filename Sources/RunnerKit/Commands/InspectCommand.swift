internal import ArgumentParser
internal import DefenseKit

/// Shows what a model file holds.
struct InspectCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "inspect",
      abstract: "Show a model's layers, shapes, parameters and activation sizes.")
  }

  @Argument(help: "A Keras .h5 file.")
  var model: String

  @Option(help: ModelArguments.architectureHelp)
  var architecture: String?

  func run(in session: Session) throws {
    let model = try KerasModel.load(model, architecture: architecture)
    try StandardOutput.write(Self.text(model, cost: Executor([model]).costPerImage))
  }

  /// The listing of a model that takes `cost` multiply-adds an image.
  static func text(_ model: Model, cost: Int) -> String {
    let graph = model.graph
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
      "multiply-adds    \(grouped(cost)) an image",
      "prunable layers  \(graph.prunableLayers.joined(separator: ", "))",
      "pruned first     \(graph.lastConvolution ?? "none: there is no convolution")",
    ]
    if let source = model.source { lines.append("SHA-256          \(source.sha256)") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// An activation's case without its parameters.
  private static func name(_ activation: Activation) -> String {
    String("\(activation)".prefix { $0 != "(" })
  }

  private static func clipped(_ text: String) -> String {
    text.count > 28 ? text.prefix(27) + "…" : text
  }

  /// A number of bytes in KiB with one decimal.
  private static func kibibytes(_ bytes: Int) -> String {
    let tenths = (bytes * 10 + 512) / 1024
    return "\(grouped(tenths / 10)).\(tenths % 10)"
  }
}
