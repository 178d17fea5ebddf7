internal import DefenseKit

/// A command's options from a YAML file, inserted before those on the command line.
struct ConfigFile: Sendable {
  /// An option that the file adds.
  private struct Setting: Sendable {
    /// The option's long name.
    let name: String
    /// The value as text; nil for a flag.
    let value: String?
    /// The file and line.
    let place: String

    var argument: String { value.map { "--\(name)=\($0)" } ?? "--\(name)" }

    /// Whether an error with this subject is about the option or its value.
    func isSubject(_ subject: ErrorSubject) -> Bool {
      let setting = name == "option" ? value.flatMap { try? OptionSetting($0) } : nil
      switch subject {
      case .option("option", nil): return name == "option" && setting == nil
      case .option(let option, nil): return name == UserText.option(option)
      case .option(let option, let plugin?):
        return setting?.plugin == plugin && setting?.name == UserText.kebab(option)
      case .plugin(let plugin): return value.map { commaSeparated([$0]).contains(plugin) } ?? false
      case .file(let text), .dataSet(let text), .image(_, let text?): return value == text
      case .image(_, nil), .layer: return false
      }
    }
  }

  /// The command line with the file's options inserted.
  let arguments: [String]
  private let settings: [Setting]

  /// Returns the file that `--config` names; nil if the arguments have no `--config`.
  static func named(in arguments: [String]) throws -> ConfigFile? {
    // Dumping all commands takes as long as the rest of the program's start.
    guard arguments.contains(where: { $0 == "--config" || $0.hasPrefix("--config=") }) else {
      return nil
    }
    return try ConfigFile(arguments, of: CommandInfo.root())
  }

  /// Reads the file that `--config` names; without one, the arguments stay as they are.
  ///
  /// Options on the command line replace those of the file. A plugin option (`--option`) replaces
  /// only the one with the same name.
  ///
  /// - Throws: ``Failure`` with status 64 for a key or a kind of value that the command does not
  ///   have; the errors of ``YAMLFile/read(_:)``.
  init(_ arguments: [String], of root: CommandInfo) throws(Failure) {
    let (command, words) = try root.command(in: arguments)
    let given = GivenOptions(arguments.dropFirst(words), of: command)
    guard let path = given.values("config").first, command.option(named: "config") != nil,
      !given.asksForHelp
    else {
      self.arguments = arguments
      settings = []
      return
    }
    guard given.values("config").count == 1 else {
      throw Failure(option: "--config", "is given more than once; give one file")
    }
    var settings: [Setting] = []
    for entry in try Self.entries(of: YAMLFile.read(path), for: command) {
      guard let option = command.option(named: entry.key) else { continue }
      settings += try Self.settings(entry, for: option).filter { setting in
        guard entry.key == "option" else { return !given.has(entry.key) }
        let names = given.values(entry.key).map { $0.prefix { $0 != "=" } }
        return !names.contains((setting.value ?? "").prefix { $0 != "=" })
      }
    }
    self.settings = settings
    self.arguments =
      arguments.prefix(words) + settings.map(\.argument) + arguments.dropFirst(words)
  }

  /// Returns the file's entries; throws for a key that the command does not have.
  private static func entries(
    of node: YAMLNode, for command: CommandInfo
  ) throws(Failure) -> [YAMLNode.Entry] {
    let keys = command.options.compactMap(\.longName)
      .filter { !["config", "help", "version"].contains($0) }
    for entry in try node.mapping {
      if command.arguments?.contains(where: { $0.names == nil && $0.valueName == entry.key })
        == true
      {
        throw node.refusal(
          "'\(entry.key)' is not an option of '\(command.commandName)'; write it on the "
            + "command line",
          line: entry.line)
      }
    }
    return try node.mapping(keys: keys, as: "keys for '\(command.commandName)'")
  }

  private static func settings(
    _ entry: YAMLNode.Entry, for option: CommandInfo.Argument
  ) throws(Failure) -> [Setting] {
    func setting(_ value: String?, _ line: Int) -> Setting {
      Setting(name: entry.key, value: value, place: "\(entry.node.file):\(line)")
    }
    let node = entry.node
    if option.kind == .flag {
      guard case .text(let text) = node.value, text == "true" || text == "false" else {
        throw node.refusal("'\(entry.key)' takes true or false")
      }
      return text == "true" ? [setting(nil, entry.line)] : []
    }
    guard option.isRepeating else {
      guard case .text(let text) = node.value else {
        throw node.refusal("'\(entry.key)' takes one value, not a list or a mapping")
      }
      return [setting(text, entry.line)]
    }
    guard entry.key == "option", case .mapping(let plugins) = node.value else {
      return try node.list.map { node throws(Failure) in setting(try node.text, node.line) }
    }
    var settings: [Setting] = []
    for plugin in plugins {
      for option in try plugin.node.mapping {
        let value = try option.node.texts.joined(separator: ",")
        settings.append(setting("\(plugin.key).\(option.key)=\(value)", option.line))
      }
    }
    return settings
  }

  /// Returns an error extended by the file and line of the option that it is about.
  func placed(_ failure: Failure) -> Failure {
    guard [Failure.usage, Failure.missingInput].contains(failure.status),
      let message = failure.message, let subject = failure.subject,
      let setting = settings.first(where: { $0.isSubject(subject) })
    else { return failure }
    return Failure(failure.status, "\(message) (\(setting.place))".visible, about: subject)
  }
}
