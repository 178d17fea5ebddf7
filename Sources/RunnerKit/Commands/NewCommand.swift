internal import ArgumentParser
internal import DefenseKit

/// Writes a package with a new plugin, its tests, and a runner that offers it.
struct NewCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "new", abstract: "Write a package with a new plugin.",
      discussion: discussion(
        """
        The package is a new folder with a small plugin that works, tests that check the rules of \
        plugins, and a program with all commands of \(programName) that offers it beside others.
        """))
  }

  static var examples: [Example] {
    [
      Example("A defense, in the folder my-defense", "new defense my-defense"),
      Example(
        "A detector that finds DefenseKit in another checkout",
        "new detector my-detector --defensekit ../DefenseKit --output detector"),
    ]
  }

  /// The kinds of plugin; each is a folder of templates.
  private static let kinds = PluginKind.allCases.map(\.rawValue)

  @Argument(
    help: ArgumentHelp("What to make: \(kinds.joined(separator: ", ")).", valueName: "kind"),
    completion: .list(kinds))
  var kind: String

  @Argument(help: ArgumentHelp("The plugin's name, in kebab-case.", valueName: "name"))
  var name: String

  @Option(
    help: ArgumentHelp(
      "The folder to write; one of the plugin's name if not given.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Option(
    name: .customLong("defensekit"),
    help: ArgumentHelp(
      "Where the package finds DefenseKit: a checkout's folder or a repository's URL; the checkout that "
        + "this program was built from if not given.", valueName: "folder|url"),
    completion: .directory)
  var defenseKit: String?

  @Option(
    help: ArgumentHelp(
      "The least version of DefenseKit, for a URL; this program's if not given.",
      valueName: "version"))
  var from: String?

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    guard let pluginKind = PluginKind(rawValue: kind) else {
      let near = nearestName(to: kind, among: Self.kinds).map { "; did you mean '\($0)'?" } ?? ""
      throw Failure(
        Failure.usage,
        "there is no kind of plugin '\(kind)'\(near) (kinds: \(Self.kinds.joined(separator: ", ")))"
      )
    }
    let name = try NewPluginName(name, besides: session.plugins)
    let folder = output ?? name.name
    guard !folder.isEmpty else {
      throw Failure(Failure.usage, "--output is empty; name a folder")
    }
    let place = try DefenseKitPlace(defenseKit, version: from, ownVersion: defenseKitVersion)
    try PackageTemplate(kind, name, place).write(to: folder)
    try StandardOutput.write(text(pluginKind, name, folder))
  }

  /// Returns a description of the new package and the next commands.
  private func text(_ kind: PluginKind, _ name: NewPluginName, _ folder: String) -> String {
    let use =
      switch kind {
      case .defense, .detector, .verdict: "--\(kind.rawValue) \(name.name)"
      case .dataSetDetector:
        "--data-set-detector \(name.name) --model results/model.h5 --train results/poisoned-train.h5"
      case .attack:
        "attack \(name.name) --train fashion-mnist --architecture small-cnn --output results"
      }
    return """
      \(folder) holds the \(kind.name) '\(name.name)', the type \(name.type), with tests and a runner. Go on with

        cd \(folder)
        swift test -c release
        swift build -c release
        .build/release/\(name.name)-runner \(use)

      """
  }
}
