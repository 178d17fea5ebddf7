internal import ArgumentParser
internal import DefenseKit

/// Arguments for reading a model's files and running it.
struct ModelArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Factor for image values before the model; default 1, often 1/255.",
      valueName: "factor"))
  var scale: Scale?

  @Option(
    help: ArgumentHelp(
      "Subtracted after --scale: one value, or one for each channel, such as .485,.456,.406.",
      valueName: "values"))
  var mean: ChannelValues?

  @Option(
    help: ArgumentHelp(
      "What the differences are divided by: one value, or one for each channel.",
      valueName: "values"))
  var std: ChannelValues?

  @Option(help: "The order in which the network takes colours; images have red first.")
  var channels: ColourOrder?

  @OptionGroup var data: DataArguments

  @Option(
    help: ModelArguments.architectureHelp,
    completion: .network)
  var architecture: String?

  @Option(help: ModelArguments.outputLayerHelp)
  var outputLayer: String?

  @OptionGroup var execution: ExecutionArguments

  static var outputLayerHelp: ArgumentHelp {
    ArgumentHelp(
      "The output with the class scores, if a model has several.", valueName: "name")
  }

  static var architectureHelp: ArgumentHelp {
    ArgumentHelp(
      "File that describes the network, if the model file has only weights: ONNX or .pt2 for weights of PyTorch and safetensors, Keras or JSON for those of Keras.",
      valueName: "file")
  }

  /// Checks the values; the commands call it.
  ///
  /// - Parameters:
  ///   - roles: The data sets that the command's options name.
  ///   - others: Further options that name data sets, without dashes.
  func check(_ roles: [DataRole], besides others: [String] = []) throws {
    try data.check(roles, besides: others)
    try execution.check()
  }

  /// The options on the command line that apply to the files of a single model.
  var oneModelOptions: [String] {
    [
      ("--scale", scale != nil), ("--mean", mean != nil), ("--std", std != nil),
      ("--channels", channels != nil),
      ("--resize", data.resize != nil), ("--crop", data.crop != nil),
      ("--layout", data.layout != nil), ("--labels", data.labels != nil),
      ("--keys", !data.naming.names.isEmpty), ("--architecture", architecture != nil),
      ("--output-layer", outputLayer != nil),
    ].filter(\.1).map(\.0)
  }

  /// What happens to the images' values before they enter the network.
  var preprocessing: Preprocessing {
    Preprocessing(
      scale: scale?.factor ?? 1, mean: mean?.values ?? [], deviation: std?.values ?? [],
      channels: channels ?? .rgb)
  }

  /// Returns the files that a command names, with the format that the options set.
  func files(of model: String, sets: [DataRole: String?] = [:]) -> ModelFiles {
    var files = ModelFiles(
      name: ModelFiles.name(of: model), model: model, sets: sets.compactMapValues { $0 })
    files.architecture = architecture
    files.outputLayer = outputLayer
    files.preprocessing = preprocessing
    files.format = data.format
    return files
  }
}
