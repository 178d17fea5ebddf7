internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Shell completions: the scripts, and the program's answers to them.
enum Completion {
  /// The plugins of the running program.
  @TaskLocal static var plugins: PluginSet?

  private static let flag = "--generate-completion-script"

  /// Returns the script or candidates that the arguments ask for; nil if they ask for neither.
  ///
  /// - Throws: ``Failure`` with status 64 for a shell without completions.
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
    // The root's options are those of the default command. After the name of another command, an
    // option of the same name belongs to that command.
    let values = #"case "${prev}" in"#
    guard let range = script.firstRange(of: values) else { return script }
    return script.replacingCharacters(
      in: range, with: #"[[ "${positional_number}" -eq -2 ]] || \#(values)"#)
  }

  /// Returns the answer to a script's question, in lines; empty if the parser does not understand
  /// it.
  private static func candidates(_ arguments: [String]) -> String {
    do {
      _ = try CompletionRoot.parseAsRoot(arguments)
    } catch  where CompletionRoot.exitCode(for: error) == .success {
      return CompletionRoot.message(for: error) + "\n"
    } catch {}
    return ""
  }
}

/// The root command with the options of the default command, for completion scripts.
///
/// The parser's scripts do not support default commands.
struct CompletionRoot: ParsableCommand {
  static var configuration: CommandConfiguration { RootCommand.configuration }

  @OptionGroup var run: RunCommand
}

extension CompletionKind {
  /// Completes names of the program's plugins.
  static func plugins(_ names: @escaping @Sendable (PluginSet) -> [String]) -> CompletionKind {
    .custom { _, _, _ in Completion.plugins.map(names) ?? [] }
  }

  /// Completes names of the program's plugins, of which several can be joined by commas.
  static func pluginList(_ names: @escaping @Sendable (PluginSet) -> [String]) -> CompletionKind {
    .custom { _, _, prefix in
      let before = prefix.lastIndex(of: ",").map { prefix[...$0] } ?? ""
      let taken = before.split(separator: ",").map(String.init)
      return (Completion.plugins.map(names) ?? []).filter { !taken.contains($0) }.map {
        before + $0
      }
    }
  }

  /// Completes options of plugins, with each possible value, or else the default.
  ///
  /// They are those of the plugins named on the command line; if none is named, those of all
  /// plugins of these kinds.
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

  /// Completes files and folders, after some words with a special meaning.
  static func filesOr(_ words: [String]) -> CompletionKind {
    .custom { _, _, prefix in
      let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
      let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
      return words + names.filter { !$0.hasPrefix(".") }.sorted().map { folder + $0 }
    }
  }

  /// Completes a data set: a file, or on the way to one a folder, which may be one itself.
  static var dataSet: CompletionKind { .file(extensions: ["h5", "hdf5", "npz", "npy"]) }

  /// The usual endings of models' files.
  static let modelExtensions = [
    "h5", "hdf5", "keras", "onnx", "pth", "pt", "th", "ckpt", "safetensors",
  ]

  /// Completes a model.
  static var model: CompletionKind { .file(extensions: modelExtensions) }

  /// Completes a file that describes a network.
  static var network: CompletionKind { .file(extensions: ["h5", "hdf5", "keras", "json", "onnx"]) }

  /// Completes an HDF5 file: a model or a data set.
  static var hdf5: CompletionKind { .file(extensions: ["h5", "hdf5"]) }
}
