internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// The factor for a data set's values, written as a number or a fraction such as 1/255.
struct Scale: ExpressibleByArgument, Sendable {
  let factor: Float

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count <= 2, let numerator = parts[0] else { return nil }
    var factor = numerator
    if parts.count == 2 {
      guard let denominator = parts[1], denominator != 0 else { return nil }
      factor /= denominator
    }
    // As a Float: 1e300 and 1e-300 are no factors.
    let rounded = Float(factor)
    guard rounded.isFinite, rounded > 0 else { return nil }
    self.factor = rounded
  }
}

/// The order of a data set's elements, as written on the command line.
enum LayoutName: String, ExpressibleByArgument, CaseIterable, Sendable {
  case nchw
  case nhwc

  var layout: Layout { self == .nchw ? .nchw : .nhwc }
}

/// How files are parsed, as written on the command line.
enum SandboxName: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto
  case require
  case off

  var sandbox: Sandbox {
    switch self {
    case .auto: .auto
    case .require: .require
    case .off: .off
    }
  }
}

/// How files are parsed.
struct ParsingArguments: ParsableArguments, Sendable {
  @Option(
    name: .customLong("sandbox"),
    help: ArgumentHelp(
      "How files are parsed: sealed off as far as the system can (auto), entirely or not at all "
        + "(require), or within the program (off).", valueName: "auto|require|off"))
  var name: SandboxName = .auto

  var sandbox: Sandbox { name.sandbox }

  /// Tells the user, after files were read, if the system has no sandbox for it.
  func warn(in context: RunContext) {
    if let warning = Self.warning(sandbox) { context.warn(warning) }
  }

  /// What to say after this process has read files, if the system has no sandbox for it.
  static func warning(_ sandbox: Sandbox) -> String? {
    guard sandbox == .auto, let posture = sandbox.posture, posture < .full else { return nil }
    return
      "files were parsed \(posture == .none ? "without a sandbox" : "in an incomplete sandbox"): "
      + "this system lacks Landlock or seccomp; use --sandbox require to refuse that"
  }
}

/// How a model's files are read and how it is run.
struct ModelArguments: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "The factor for the images' values that the model expects, such as 1/255; 1 if not given.",
      valueName: "factor"))
  var scale: Scale?

  @Option(help: "The order of an image's axes in the data sets, if their shape leaves it open.")
  var layout: LayoutName?

  @OptionGroup var naming: KeysArguments

  @Option(
    help: ModelArguments.architectureHelp,
    completion: .file(extensions: ["h5", "hdf5", "json"]))
  var architecture: String?

  @Option(help: ArgumentHelp("The number of threads; all processors if not given.", valueName: "n"))
  var threads: Int?

  @OptionGroup var parsing: ParsingArguments

  static var architectureHelp: ArgumentHelp {
    ArgumentHelp(
      "A Keras .h5 or JSON file that describes the network, for a file of weights alone.",
      valueName: "file")
  }

  /// Checks the values; the commands call it.
  ///
  /// - Parameter roles: The options of the command that name data sets, without their dashes.
  func check(roles: [String]) throws {
    try naming.check(roles: roles)
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads takes a number from 1 to 1024, not \(threads)")
    }
  }

  var execution: ExecutionOptions { ExecutionOptions(threads: threads) }

  func load(_ path: String) throws -> Model {
    try KerasModel.load(
      path, architecture: architecture, inputScale: scale?.factor ?? 1,
      sandbox: parsing.sandbox)
  }

  /// Opens the data set that an option, the role, names.
  func data(_ path: String, _ role: String, for model: Model) throws -> DataSet {
    try DataSet.load(
      path, for: model.graph.inputShape, classCount: model.classCount, layout: layout?.layout,
      keys: naming.keys(of: role), sandbox: parsing.sandbox)
  }
}

extension ModelArguments {
  /// The options given that say how the files of one model are read.
  var oneModelOptions: [String] {
    [
      ("--scale", scale != nil), ("--layout", layout != nil), ("--keys", !naming.names.isEmpty),
      ("--architecture", architecture != nil),
    ].filter(\.1).map(\.0)
  }

  /// The files that a command names one by one, to be read as the options say.
  func files(
    of model: String, clean: String?, test: String?, poisoned: String?, train: String? = nil
  ) -> ModelFiles {
    var files = ModelFiles(
      name: ModelFiles.name(of: model), model: model, clean: clean, test: test, poisoned: poisoned)
    files.train = train
    files.architecture = architecture
    files.scale = scale?.factor ?? 1
    files.layout = layout?.rawValue
    files.keys = naming.texts
    return files
  }
}

/// The words of an option that is repeated, or whose words are separated by commas.
func commaSeparated(_ arguments: [String]) -> [String] {
  arguments.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
    .map { $0.trimmingCharacters(in: .whitespaces) }
}
