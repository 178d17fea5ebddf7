internal import DefenseKit

/// A command's options from a YAML file, put in front of those on the command line.
struct ConfigFile: Sendable {
  /// An option that the file adds.
  private struct Setting: Sendable {
    /// The option's long name.
    let name: String
    /// As text; nil for a flag.
    let value: String?
    /// File and line.
    let place: String

    var argument: String { value.map { "--\(name)=\($0)" } ?? "--\(name)" }

    /// Whether a message is about this option.
    func isNamed(in message: String) -> Bool {
      guard name == "option", let value else { return message.hasWord("--\(name)") }
      let path = String(value.prefix { $0 != "=" })
      let parts = path.split(separator: ".", maxSplits: 1)
      return message.hasWord(path) || message.contains("'\(value)'")
        || parts.count == 2 && message.hasPrefix("\(parts[0]) has no option '\(parts[1])'")
    }

    /// Whether a message is about the value that it has.
    func isQuoted(in message: String) -> Bool {
      guard let value else { return false }
      return message.contains("'\(value)'") || message.hasPrefix("\(value): ")
    }
  }

  /// The arguments with those of the file in them.
  let arguments: [String]
  private let settings: [Setting]

  /// Reads the file that `--config` names; nil if the arguments do not have that.
  static func named(in arguments: [String]) throws -> ConfigFile? {
    // Asking the parser about all commands takes as long as the rest of a start.
    guard arguments.contains(where: { $0 == "--config" || $0.hasPrefix("--config=") }) else {
      return nil
    }
    return try ConfigFile(arguments, of: CommandInfo.root())
  }

  /// Reads the file that `--config` names; without one, the arguments stay as they are.
  ///
  /// What the command line has too is left out: of `option`, which sets many things, only what is set
  /// there by the same name.
  /// - Throws: ``Failure`` with status 64 for a key or a kind of value that the command does not have,
  ///   else that of ``YAMLFile/read(_:)``.
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
      throw Failure(Failure.usage, "--config is there more than once; give one file")
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

  /// The file's keys, each of which the command has.
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
          "'\(entry.key)' is no option of '\(command.commandName)'; write it on the command line",
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

  /// An error with the place in the file of the option that it is about.
  func placed(_ failure: Failure) -> Failure {
    guard [Failure.usage, Failure.missingInput].contains(failure.status),
      let message = failure.message
    else { return failure }
    // What is suggested is not what is wrong.
    let words = message.firstRange(of: "; did you mean").map { message[..<$0.lowerBound] }
    let complaint = words.map(String.init) ?? message
    let setting =
      settings.first { $0.isNamed(in: complaint) } ?? settings.first { $0.isQuoted(in: complaint) }
    guard let setting else { return failure }
    return Failure(failure.status, "\(message) (\(setting.place))".visible)
  }
}

extension String {
  /// Whether the word is in the text, with nothing behind it that would make it another one.
  fileprivate func hasWord(_ word: String) -> Bool {
    ranges(of: word).contains { range in
      guard range.upperBound < endIndex else { return true }
      let next = self[range.upperBound]
      return !(next.isLetter || next.isNumber || next == "-")
    }
  }
}
