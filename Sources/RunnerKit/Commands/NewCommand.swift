internal import ArgumentParser
internal import DefenseKit

/// Writes a package with a new plugin, its tests, and a runner that offers it, or a program that exports
/// a network of PyTorch.
struct NewCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "new", abstract: "Write a package with a new plugin, or a script for PyTorch.",
      discussion: discussion(
        """
        The package is a new folder with a small working plugin, tests that check the rules of \
        plugins, and a program with all commands and plugins of \(programName) and the new one. 'onnx-export' is a \
        Python file instead: it exports a network of PyTorch as ONNX, for --architecture.
        """))
  }

  static var examples: [Example] {
    [
      Example("A defense, in the folder my-defense", "new defense my-defense"),
      Example(
        "A detector that uses DefenseKit from another checkout",
        "new detector my-detector --defensekit ../DefenseKit --output detector"),
      Example("A Python file that exports your network as ONNX", "new onnx-export export.py"),
    ]
  }

  /// The kinds of plugin; each is a folder of templates.
  private static let plugins = PluginKind.allCases.map(\.rawValue)

  /// The Python file that exports a network.
  private static let export = "onnx-export"

  private static let kinds = plugins + [export]

  @Argument(
    help: ArgumentHelp(
      "Kind of plugin: \(plugins.joined(separator: ", ")); or \(export).", valueName: "kind"),
    completion: .list(kinds))
  var kind: String

  @Argument(
    help: ArgumentHelp(
      "Name of the plugin, in kebab-case; or the Python file, by default export_onnx.py.",
      valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Folder or Python file to write; by default the name.", valueName: "path"),
    completion: .directory)
  var output: String?

  @Option(
    name: .customLong("defensekit"),
    help: ArgumentHelp(
      "Location of DefenseKit: a checkout's folder or a repository's URL; by default the checkout "
        + "that built this program.", valueName: "folder|url"),
    completion: .directory)
  var defenseKit: String?

  @Option(
    help: ArgumentHelp(
      "Minimum version of DefenseKit, with a URL; by default this program's.",
      valueName: "version"))
  var from: String?

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    if kind == Self.export { return try writeExport() }
    guard let pluginKind = PluginKind(rawValue: kind) else {
      let near = nearestName(to: kind, among: Self.kinds).map { "; did you mean '\($0)'?" } ?? ""
      throw Failure(
        Failure.usage,
        "there is no kind of plugin '\(kind)'\(near) (kinds: \(Self.kinds.joined(separator: ", ")))"
      )
    }
    guard let name else {
      throw Failure(
        Failure.usage, "Missing expected argument '<name>'; see '\(programName) new --help'")
    }
    let plugin = try NewPluginName(name, besides: session.plugins)
    let folder = output ?? plugin.name
    guard !folder.isEmpty else {
      throw Failure(option: "--output", "is empty; name a folder")
    }
    let place = try DefenseKitPlace(defenseKit, version: from, ownVersion: defenseKitVersion)
    try PackageTemplate(kind, plugin, place).write(to: folder)
    try StandardOutput.write(text(pluginKind, plugin, folder))
  }

  private func writeExport() throws {
    if let given = [("--defensekit", defenseKit), ("--from", from)].first(where: { $0.1 != nil }) {
      throw Failure(option: given.0, "is for plugins; leave it out")
    }
    let file = output ?? name ?? "export_onnx.py"
    try OutputFile.check(
      file, option: "--output", inputs: [], force: false, advice: "choose another name")
    try AtomicFile.write(ExportScript.text, to: file)
    try StandardOutput.write(
      """
      \(file) exports a network of PyTorch as net.onnx. Put your network into its third line, then:

        python3 \(shellWord(file))
        \(programName) inspect weights.pth --architecture net.onnx

      """)
  }

  /// Returns a description of the new package and the next commands.
  private func text(_ kind: PluginKind, _ name: NewPluginName, _ folder: String) -> String {
    let use =
      switch kind {
      case .defense, .detector, .verdict: "--\(kind.rawValue) \(name.name)"
      case .dataSetDetector:
        "--data-set-detector \(name.name) --model results/model.h5 --train results/train.h5"
      case .attack:
        "attack \(name.name) --train fashion-mnist --architecture small-cnn --output results"
      }
    return """
      \(folder) contains the \(kind.name) '\(name.name)' (type \(name.type)), tests and a \
      runner. Next:

        cd \(folder)
        swift build -c release --build-tests
        swift test -c release --skip-build
        .build/release/\(name.name)-runner \(use)

      """
  }
}
