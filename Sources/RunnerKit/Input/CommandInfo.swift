internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// The parser's description of a command, decoded from its JSON.
struct CommandInfo: Decodable, Sendable {
  /// An option, a flag or an argument without a name.
  struct Argument: Decodable, Sendable {
    enum Kind: String, Decodable, Sendable {
      case positional
      case option
      case flag
    }

    struct Name: Decodable, Sendable {
      let kind: String
      let name: String

      /// The name as written on the command line.
      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: Kind
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    /// The possible values, if they can be listed.
    let allValues: [String]?
    let abstract: String?

    /// The name without its two dashes.
    var longName: String? { names?.first { $0.kind == "long" }?.name }
  }

  let commandName: String
  let superCommands: [String]?
  let shouldDisplay: Bool
  let abstract: String?
  let discussion: String?
  let defaultSubcommand: String?
  let subcommands: [CommandInfo]?
  let arguments: [Argument]?

  /// Returns the program's root command.
  static func root() throws -> CommandInfo {
    struct Tool: Decodable {
      let command: CommandInfo
    }
    return try JSONDecoder().decode(Tool.self, from: Data(RootCommand._dumpHelp().utf8)).command
  }

  /// The words that name the command after the program's name.
  var path: String {
    ((superCommands ?? []) + [commandName]).dropFirst().joined(separator: " ")
  }

  /// The subcommands that are shown to users.
  var shownCommands: [CommandInfo] { (subcommands ?? []).filter { $0.shouldDisplay } }

  /// The options and flags, without positional arguments.
  var options: [Argument] { (arguments ?? []).filter { $0.kind != .positional } }

  /// Returns the option or flag with a long name.
  func option(named name: String) -> Argument? { options.first { $0.longName == name } }

  /// Returns the command that arguments start with, and the number of words that name it.
  ///
  /// - Throws: ``Failure`` with status 64 for an unknown word where only a command can stand.
  func command(in arguments: [String]) throws(Failure) -> (command: CommandInfo, words: Int) {
    guard let subcommands, let first = arguments.first, !first.hasPrefix("-") else {
      let implied = subcommands?.first { $0.commandName == defaultSubcommand }
      return (implied ?? self, 0)
    }
    guard let next = subcommands.first(where: { $0.commandName == first }) else {
      throw unknown(first)
    }
    let (command, words) = try next.command(in: Array(arguments.dropFirst()))
    return (command, words + 1)
  }

  /// Returns the error for a word that is not a subcommand.
  func unknown(_ word: String) -> Failure {
    let names = shownCommands.map(\.commandName)
    let whole = path.isEmpty ? word : "\(path) \(word)"
    return Failure(
      Failure.usage, "there is no command '\(whole)'\(knownNames(word, names, "commands"))")
  }
}

/// Returns the end of a message about an unknown name: a suggestion, if any, and the known names.
func knownNames(_ name: String, _ known: [String], _ title: String) -> String {
  let near = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
  return "\(near) (\(title): \(known.isEmpty ? "none" : known.joined(separator: ", ")))"
}
