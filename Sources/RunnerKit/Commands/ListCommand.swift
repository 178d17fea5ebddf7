internal import ArgumentParser
internal import DefenseKit

/// Lists the plugins with their options and defaults.
struct ListCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "list",
      abstract: "List plugins with their requirements and options.",
      discussion: discussion())
  }

  static var examples: [Example] {
    [
      Example("All plugins", "list"),
      Example("Two plugins", "list fine-pruning goodnet"),
    ]
  }

  @Argument(
    help: ArgumentHelp("Plugins to list; default all.", valueName: "name"),
    completion: .plugins { $0.types.map { $0.name } })
  var names: [String] = []

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    let known = session.plugins.types.map { $0.name }
    if let unknown = names.first(where: { !known.contains($0) }) {
      throw Failure(
        Failure.usage, "there is no plugin '\(unknown)'\(knownNames(unknown, known, "plugins"))")
    }
    let types = session.plugins.types.filter { names.isEmpty || names.contains($0.name) }
    let sections = PluginKind.allCases.map { kind in
      (
        kind.plural.prefix(1).uppercased() + kind.plural.dropFirst(),
        types.filter { $0.kind == kind }
      )
    }
    let width = types.map { $0.name.count }.max() ?? 0
    var lines: [String] = []
    for (title, plugins) in sections where !plugins.isEmpty {
      lines.append((lines.isEmpty ? "" : "\n") + Style.output.bold("\(title):"))
      for plugin in plugins { lines += Self.entry(plugin, width: max(14, width)) }
    }
    try StandardOutput.write(lines.joined(separator: "\n") + "\n")
  }

  /// Returns a plugin's lines: its name and summary, then each option with default, type and help.
  ///
  /// Names are padded to `nameWidth` columns.
  static func entry<P: Plugin>(_ plugin: P.Type, width nameWidth: Int) -> [String] {
    let texts = P.Options().texts
    let width = texts.map { $0.name.count + $0.value.count + 1 }.max() ?? 0
    var lines = ["  \(P.name.padding(to: nameWidth))  \(P.summary)"]
    if !P.requirements.isEmpty {
      // A number of clean images implies that there are some.
      let isCounted = P.requirements.contains { if case .images = $0 { true } else { false } }
      let needs = P.requirements.filter { $0 != .cleanData || !isCounted }
      lines.append("    needs \(needs.map(\.title).joined(separator: ", "))")
    }
    for (declaration, text) in zip(P.Options.declarations, texts) {
      let setting = "\(text.name)=\(text.value)".padding(to: width)
      lines.append("    \(setting)  \(declaration.type)")
      lines.append("      \(declaration.help)")
    }
    return lines
  }
}
