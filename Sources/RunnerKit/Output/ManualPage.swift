internal import ArgumentParser
internal import DefenseKit
internal import Foundation

/// A page of the manual in mdoc, generated from the parser's description of a command.
struct ManualPage: Sendable {
  /// The page's name: the program's name, for commands followed by a dash and the command.
  let name: String
  let text: String

  /// Returns the pages of a command and its visible subcommands.
  ///
  /// - Parameters:
  ///   - examples: The examples of each command, by its path.
  ///   - date: The date on the pages.
  static func all(
    of command: CommandInfo, _ examples: [String: [Example]], date: Date
  ) -> [ManualPage] {
    let root = ManualPage(command, examples[command.path] ?? [], date: date)
    return [root]
      + command.shownCommands.filter { $0.commandName != "help" }
      .flatMap { all(of: $0, examples, date: date) }
  }

  /// Returns the examples of all commands, by their paths.
  static func examples() -> [String: [Example]] {
    var found: [String: [Example]] = [:]
    func collect(_ type: any ParsableCommand.Type, _ path: [String]) {
      if let type = type as? any ExemplifiedCommand.Type {
        found[path.joined(separator: " ")] = type.examples
      }
      for command in type.configuration.subcommands {
        collect(command, path + [command.configuration.commandName ?? ""])
      }
    }
    collect(RootCommand.self, [])
    return found
  }

  private init(_ command: CommandInfo, _ examples: [Example], date: Date) {
    let program = (command.superCommands?.first ?? command.commandName)
    let words = [program] + command.path.split(separator: " ").map(String.init)
    let name = words.joined(separator: "-")
    self.name = name
    let isRoot = words.count == 1
    var page = Mdoc()
    page.macro("Dd", Self.text(of: date))
    page.macro("Dt", .raw(name.uppercased()), "1")
    page.macro("Os", "DefenseKit \(defenseKitVersion)")
    page.macro("Sh", "NAME")
    page.macro("Nm", .raw(name))
    page.macro("Nd", Self.phrase(command.abstract ?? ""))
    page.macro("Sh", "SYNOPSIS")
    Self.synopsis(of: command, words, isRoot: isRoot, in: &page)
    page.macro("Sh", "DESCRIPTION")
    page.paragraphs(command.abstract ?? "", Self.description(of: command))
    Self.options(of: command, in: &page)
    if !command.shownCommands.isEmpty { Self.commands(of: command, words, in: &page) }
    if isRoot { Self.common(program, in: &page) }
    page.macro("Sh", "EXAMPLES")
    for (index, example) in examples.enumerated() {
      if index > 0 { page.macro("Pp") }
      page.line("\(example.purpose):")
      page.verbatim("\(program) \(example.arguments)")
    }
    page.macro("Sh", "SEE ALSO")
    page.references(
      isRoot
        ? command.shownCommands.filter { $0.commandName != "help" }
          .map { "\(program)-\($0.commandName)" }.sorted()
        : [program] + command.shownCommands.map { "\(name)-\($0.commandName)" }.sorted())
    text = page.text
  }

  /// Returns the discussion without its examples, which have their own section.
  private static func description(of command: CommandInfo) -> String {
    var paragraphs = (command.discussion ?? "").components(separatedBy: "\n\n")
    if paragraphs.first?.hasPrefix("EXAMPLES:") == true { paragraphs.removeFirst() }
    return paragraphs.joined(separator: "\n\n")
  }

  private static func synopsis(
    of command: CommandInfo, _ words: [String], isRoot: Bool, in page: inout Mdoc
  ) {
    let title = words.joined(separator: " ")
    page.macro("Nm", title)
    if !(command.subcommands ?? []).isEmpty {
      if isRoot {
        page.macro("Op", .macro("Ar"), "option ...")
        page.macro("Nm", title)
      }
      page.macro("Ar", "command")
      page.macro("Op", .macro("Ar"), "argument ...")
      return
    }
    for option in command.options where option.shouldDisplay && !isBuiltIn(option) {
      if !option.isOptional {
        page.option(option, in: nil)
      } else {
        page.option(option, in: "Op")
      }
    }
    for argument in command.arguments ?? [] where argument.kind == .positional {
      let dots = argument.isRepeating ? " ..." : ""
      let name = (argument.valueName ?? "") + dots
      if argument.isOptional {
        page.macro("Op", .macro("Ar"), .text(name))
      } else {
        page.macro("Ar", .text(name))
      }
    }
  }

  private static func options(of command: CommandInfo, in page: inout Mdoc) {
    let shown = (command.arguments ?? []).filter { $0.shouldDisplay }
    page.macro("Bl", .raw("-tag -width Ds"))
    for argument in shown {
      page.item(argument)
      var text = argument.abstract ?? ""
      if let values = argument.allValues, !values.isEmpty, argument.kind == .option {
        text += " One of \(values.joined(separator: ", "))."
      }
      if let value = argument.defaultValue, !value.isEmpty { text += " Default: \(value)." }
      page.line(text)
    }
    page.macro("El")
  }

  private static func commands(
    of command: CommandInfo, _ words: [String], in page: inout Mdoc
  ) {
    page.macro("Pp")
    page.line("The commands are:")
    page.macro("Bl", .raw("-tag -width Ds"))
    for command in command.shownCommands where command.commandName != "help" {
      page.macro("It", .macro("Cm"), .text(command.commandName))
      page.line(command.abstract ?? "")
      page.line("See")
      page.macro("Xr", .raw((words + [command.commandName]).joined(separator: "-")), "1", ".")
    }
    page.macro("El")
  }

  /// Writes the sections about all commands.
  private static func common(_ program: String, in page: inout Mdoc) {
    page.macro("Sh", "CONFIGURATION FILES")
    page.line(
      "The file that --config names is YAML. Its keys are the command's long option names without "
        + "dashes. A repeatable option takes a list, a flag takes true or false, and option also "
        + "takes a mapping:")
    page.verbatim(
      """
      model: suspect.h5
      clean: clean.h5
      defense: [fine-pruning, fine-tuning]
      seed: 7
      curve: true
      option:
        fine-pruning:
          drops: [2, 4]
      """)
    page.macro("Pp")
    page.line(
      "An option on the command line replaces the file's value, including a list; for option, only "
        + "settings of the same name. Paths are relative to the current folder. Only the file that "
        + "--config names is read.")
    page.macro("Sh", "ENVIRONMENT")
    page.macro("Bl", .raw("-tag -width Ds"))
    for (name, text) in [
      ("NO_COLOR", "If set to any value, output has no colours."),
      ("TERM", "If dumb, output has no colours, and progress is plain lines."),
      ("DEFENSEKIT_FASHION_MNIST", "Folder with the four gzipped IDX files of Fashion-MNIST."),
      (
        "DEFENSEKIT_INSTRUCTIONS",
        "Instruction set to use, if the processor has it: avx512, avx2 or baseline."
      ),
    ] {
      page.macro("It", .macro("Ev"), .text(name))
      page.line(text)
    }
    page.macro("El")
    page.macro("Sh", "EXIT STATUS")
    page.macro("Bl", .raw("-tag -width Ds"))
    for (status, text) in Failure.meanings {
      page.macro("It", .text("\(status)"))
      page.line(text)
    }
    page.macro("El")
  }

  private static func isBuiltIn(_ option: CommandInfo.Argument) -> Bool {
    ["help", "version"].contains(option.longName)
  }

  /// Returns a sentence as a phrase for a page's NAME section.
  private static func phrase(_ sentence: String) -> String {
    let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  private static func text(of date: Date) -> String {
    let format = Date.VerbatimFormatStyle(
      format: "\(month: .wide) \(day: .defaultDigits), \(year: .defaultDigits)",
      locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt,
      calendar: Calendar(identifier: .gregorian))
    return date.formatted(format)
  }
}
