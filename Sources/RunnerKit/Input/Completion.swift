internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Completions for shells: the scripts, and the answers that these ask the program for.
enum Completion {
  /// The plugins of the program that is asked.
  @TaskLocal static var plugins: PluginSet?

  private static let flag = "--generate-completion-script"

  /// The text that the arguments ask for, if they are about completions.
  ///
  /// - Throws: ``Failure`` with status 64 for a shell that there are none for.
  static func answer(to arguments: [String]) throws(Failure) -> String? {
    if arguments.first == "---completion" { return candidates(arguments) }
    let given = arguments.prefix { $0 != "--" }
    guard let index = given.firstIndex(where: { $0 == flag || $0.hasPrefix("\(flag)=") }) else {
      return nil
    }
    let known = ["bash", "zsh", "fish"]
    let text = given[index]
    let name =
      text == flag
      ? given.dropFirst(index + 1).first : String(text.dropFirst(flag.count + 1))
    guard let name, !name.hasPrefix("-") else {
      throw Failure(Failure.usage, "\(flag) needs a shell: \(known.joined(separator: ", "))")
    }
    guard let shell = CompletionShell(rawValue: name) else {
      throw Failure(
        Failure.usage,
        "there are no completions for '\(name)'\(knownNames(name, known, "shells"))".visible)
    }
    return script(for: shell) + "\n"
  }

  private static func script(for shell: CompletionShell) -> String {
    let script = CompletionRoot.completionScript(for: shell)
    guard shell == .bash else { return script }
    // The root's options are those of the default command. Where another command is named, an option
    // of the same name is that command's.
    let values = #"case "${prev}" in"#
    guard let range = script.firstRange(of: values) else { return script }
    return script.replacingCharacters(
      in: range, with: #"[[ "${positional_number}" -eq -2 ]] || \#(values)"#)
  }

  /// What a script's question is answered with: lines, or nothing where the parser does not know it.
  private static func candidates(_ arguments: [String]) -> String {
    do {
      _ = try CompletionRoot.parseAsRoot(arguments)
    } catch  where CompletionRoot.exitCode(for: error) == .success {
      return CompletionRoot.message(for: error) + "\n"
    } catch {}
    return ""
  }
}

/// The root command with the options of the default one, for which completions are made: the parser's
/// scripts know no default command.
struct CompletionRoot: ParsableCommand {
  static var configuration: CommandConfiguration { RootCommand.configuration }

  @OptionGroup var run: RunCommand
}

extension CompletionKind {
  /// Names of the program's plugins.
  static func plugins(_ names: @escaping @Sendable (PluginSet) -> [String]) -> CompletionKind {
    .custom { _, _, _ in Completion.plugins.map(names) ?? [] }
  }

  /// Names of the program's plugins, of which there can be several with commas between.
  static func pluginList(_ names: @escaping @Sendable (PluginSet) -> [String]) -> CompletionKind {
    .custom { _, _, prefix in
      let before = prefix.lastIndex(of: ",").map { prefix[...$0] } ?? ""
      let taken = before.split(separator: ",").map(String.init)
      return (Completion.plugins.map(names) ?? []).filter { !taken.contains($0) }.map {
        before + $0
      }
    }
  }

  /// Options of plugins: with each value where they can be listed, else with the default.
  ///
  /// Those of plugins that are named on the command line; of all of a kind where none is.
  static func pluginOptions(
    of kinds: [PluginKind]
  ) -> CompletionKind {
    .custom { words, _, _ in
      let types = (Completion.plugins?.types ?? []).filter { kinds.contains($0.kind) }
      let named = types.filter { type in
        words.contains { $0.split(separator: ",").contains { $0 == type.name } }
      }
      return (named.isEmpty ? types : named).flatMap { optionTexts($0) }
    }
  }

  private static func optionTexts<P: Plugin>(_ type: P.Type) -> [String] {
    zip(P.Options.declarations, P.Options().texts).flatMap { declaration, text in
      (declaration.choices.isEmpty ? [text.value] : declaration.choices).map {
        "\(P.name).\(text.name)=\($0)"
      }
    }
  }

  /// Files and folders, after some words that mean something else.
  static func filesOr(_ words: [String]) -> CompletionKind {
    .custom { _, _, prefix in
      let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
      let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
      return words + names.filter { !$0.hasPrefix(".") }.sorted().map { folder + $0 }
    }
  }

  /// An HDF5 file: a model or a data set.
  static var hdf5: CompletionKind { .file(extensions: ["h5", "hdf5"]) }
}
