internal import ArgumentParser
internal import DefenseKit

/// Arguments for reading a model's files and running it.
struct ModelArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Factor for image values before the model; default 1, often 1/255.",
      valueName: "factor"))
  var scale: Scale?

  @OptionGroup var data: DataArguments

  @Option(
    help: ModelArguments.architectureHelp,
    completion: .file(extensions: ["h5", "hdf5", "json"]))
  var architecture: String?

  @OptionGroup var execution: ExecutionArguments

  static var architectureHelp: ArgumentHelp {
    ArgumentHelp(
      "Keras (.h5, .keras) or JSON file that describes the network, if the model file has only weights.",
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
      ("--scale", scale != nil), ("--layout", data.layout != nil),
      ("--keys", !data.naming.names.isEmpty), ("--architecture", architecture != nil),
    ].filter(\.1).map(\.0)
  }

  /// Returns the files that a command names, with the format that the options set.
  func files(of model: String, sets: [DataRole: String?] = [:]) -> ModelFiles {
    var files = ModelFiles(
      name: ModelFiles.name(of: model), model: model, sets: sets.compactMapValues { $0 })
    files.architecture = architecture
    files.scale = scale?.factor ?? 1
    files.format = data.format
    return files
  }
}
