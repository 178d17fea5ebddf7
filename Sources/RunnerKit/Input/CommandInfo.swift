internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// What the parser knows about a command, as it tells it in JSON.
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

      /// As it is written on the command line.
      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: Kind
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    /// The values that there are, if they can be listed.
    let allValues: [String]?
    let abstract: String?

    /// The name after two dashes.
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

  /// The program's root command.
  static func root() throws -> CommandInfo {
    struct Tool: Decodable {
      let command: CommandInfo
    }
    return try JSONDecoder().decode(Tool.self, from: Data(RootCommand._dumpHelp().utf8)).command
  }

  /// The words that name the command behind the program's name.
  var path: String {
    ((superCommands ?? []) + [commandName]).dropFirst().joined(separator: " ")
  }

  /// The commands within this one that are shown to users.
  var shownCommands: [CommandInfo] { (subcommands ?? []).filter { $0.shouldDisplay } }

  /// The options and flags, by their long names.
  var options: [Argument] { (arguments ?? []).filter { $0.kind != .positional } }

  /// The option or flag of this long name.
  func option(named name: String) -> Argument? { options.first { $0.longName == name } }

  /// The command that arguments begin with, and how many of them name it.
  ///
  /// - Throws: ``Failure`` with status 64 at a word where there can only be a command, and is none.
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

  /// The error of a word that is none of the commands within this one.
  func unknown(_ word: String) -> Failure {
    let names = shownCommands.map(\.commandName)
    let whole = path.isEmpty ? word : "\(path) \(word)"
    return Failure(
      Failure.usage, "there is no command '\(whole)'\(knownNames(word, names, "commands"))")
  }
}

/// The end of a message about an unknown name: the suggestion, if any, and what is known.
func knownNames(_ name: String, _ known: [String], _ title: String) -> String {
  let near = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
  return "\(near) (\(title): \(known.isEmpty ? "none" : known.joined(separator: ", ")))"
}
