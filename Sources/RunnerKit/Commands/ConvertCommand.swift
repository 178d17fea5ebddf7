internal import ArgumentParser
internal import DefenseKit

/// Writes a model, or weights alone, in another format.
struct ConvertCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "convert", abstract: "Write a model in another format.",
      discussion: discussion(
        """
        Takes models of Keras and ONNX, programs of torch.export, and weights of PyTorch and \
        safetensors, and runs nothing. Between files of weights, names and types stay, and no \
        network is needed; ONNX and Keras files need it.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "The weights of a checkpoint, without running its pickle",
        "convert attack_result.pt --output weights.safetensors"),
      Example(
        "A model of weights and a network",
        "convert model.pth --architecture net.onnx --output model.onnx"),
    ]
  }

  @Argument(
    help: ArgumentHelp("A Keras or ONNX file, or weights.", valueName: "model"),
    completion: .model)
  var model: String

  @Option(
    help: ArgumentHelp(
      "File to write; its ending names the format: .onnx, .keras, .h5, .safetensors, .pt or .pth.",
      valueName: "file"),
    completion: .model)
  var output: String

  @Option(
    help: ArgumentHelp("Format, whatever the file's ending.", valueName: "format"))
  var format: ModelFormat?

  @Option(help: ModelArguments.architectureHelp, completion: .network)
  var architecture: String?

  @Flag(help: "Replace an existing file.")
  var force = false

  @OptionGroup var parsing: ParsingArguments

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    let inputs = [model, architecture].compactMap { $0 }
    try OutputFile.check(output, option: "--output", inputs: inputs, force: force)
    guard let format = format ?? ModelFormat.format(ofFile: output) else {
      throw Failure(
        option: "--output",
        "has an ending that names no format; end it in .onnx, .keras, .h5, .safetensors or .pt, or "
          + "give --format")
    }
    let context = context(parsing)
    let onlyWeights =
      try format.holdsOnlyWeights && architecture == nil && ModelFile.holdsNamedWeights(model)
    let notes = try context.phase("converting", images: 0) { _ in
      if onlyWeights {
        return try ModelFile.copyWeights(model, as: format, to: output, sandbox: parsing.sandbox)
      }
      let network = try ModelFile.load(
        model, architecture: architecture, sandbox: parsing.sandbox)
      try ModelFile.save(network, as: format, to: output)
      return network.notes
    }
    parsing.warn(in: context)
    for note in notes { context.warn(note) }
  }
}
