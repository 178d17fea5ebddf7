import DefenseKit
import Foundation
import LabFiles
import StandardPlugins
import Testing

@testable import RunnerKit

@Suite("Help, version, suggestions, manual")
struct HelpTests {
  static let commands = ManualPage.examples().keys.sorted()

  @Test("Help begins with examples", arguments: commands)
  func help(command: String) throws {
    let words = command.split(separator: " ").map(String.init)
    let result = try RunnerProgram.run(words + ["--help"])
    #expect(result.status == 0 && result.errors == "")
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("OVERVIEW: ") && lines[1] == "" && lines[2] == "EXAMPLES:")
    #expect(lines[3].hasPrefix("  # ") && lines[4].hasPrefix("  runner \(command)"))
    #expect(lines.prefix { !$0.hasPrefix("USAGE:") }.allSatisfy { $0.count <= 80 })
    // Examples are not broken anew.
    for example in try #require(ManualPage.examples()[command]) {
      #expect(
        result.output.contains(
          "\n  runner \(example.arguments.replacing("\n", with: "\n  "))\n"))
    }
    let count = lines.count { $0.hasPrefix("  # ") }
    #expect((2...3).contains(count))
    let asked = try RunnerProgram.run(["help"] + words)
    #expect(asked.output == result.output)
  }

  @Test("Every example is right: only its files are missing", arguments: commands)
  func examples(command: String) throws {
    for example in ManualPage.examples()[command] ?? [] {
      let folder = try TemporaryFolder()
      var words = example.words
      // These would do all their work.
      let isWhole = ["list", "manual", "new", "schema"].contains(words[0])
      // Elsewhere there is no checkout.
      words = words.filter { $0 != "--defensekit" && $0 != "../DefenseKit" }
      let isLong = ["--config", "--model"].allSatisfy { !words.contains($0) }
      if isLong, words.contains("--defense") { words += ["--model", "no.h5", "--clean", "no.h5"] }
      if words.contains("fashion-mnist") { words += ["--test", "no.h5"] }
      if words.contains("manual") { words.removeLast(2) }
      // Without a model it would scan the built-in network.
      if words == ["scan"] { words.append("no.h5") }
      words = words.map { $0 == "built-in" ? "no-folder" : $0 }
      let result = try RunnerProgram.run(words, in: folder.path)
      #expect(result.status == (isWhole ? 0 : 66), "\(words): \(result.errors)")
      #expect(try folder.names.isEmpty == (words[0] != "new"))
    }
  }

  @Test("The version, by whatever name the program is called")
  func version() throws {
    let folder = try TemporaryFolder()
    #expect(try RunnerProgram.run(["--version"]).output == "runner 0.1.0\n")
    let link = URL(fileURLWithPath: "\(folder.path)/my-runner")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: RunnerProgram.path())
    #expect(try RunnerProgram.run(["--version"], program: link).output == "my-runner 0.1.0\n")
    #expect(
      try RunnerProgram.run(["evaluate", "--version"], program: link).output
        == "my-runner 0.1.0\n")
    let help = try RunnerProgram.run(["--help"], program: link).output
    #expect(help.contains("\n  my-runner --defense fine-pruning --detector goodnet\n"))
    #expect(try RunnerProgram.run(["manual"], program: link).output.contains(".Nm my-runner\n"))
  }

  @Test(
    "What was meant is suggested",
    arguments: [
      (["ruun"], "there is no command 'ruun'; did you mean 'run'? (commands: COMMANDS)"),
      (
        ["help", "insepct"],
        "there is no command 'insepct'; did you mean 'inspect'? (commands: COMMANDS)"
      ),
      (
        ["trigger", "aply"],
        "there is no command 'trigger aply'; did you mean 'apply'? (commands: apply, show)"
      ),
      (["trigger", "x.h5"], "there is no command 'trigger x.h5' (commands: apply, show)"),
      (["evaluate", "--posioned"], "Unknown option '--posioned'. Did you mean '--poisoned'?"),
      (["evaluate", "--xyzzy"], "Unknown option '--xyzzy'; see 'runner evaluate --help'"),
      (["evaluate", "m.h5", "--tset", "x"], "Unknown option '--tset'. Did you mean '--test'?"),
      (
        ["attack", "sig", "--schedule", "cosin"],
        "'cosin' isn't a value of --schedule, which takes constant|step|cosine|one-cycle; did you "
          + "mean 'cosine'?"
      ),
      (
        ["attack", "sig", "--mode=all-to-al"],
        "'all-to-al' isn't a value of --mode, which takes all-to-one|all-to-all; did you mean "
          + "'all-to-all'?"
      ),
      (
        ["attack", "sig", "--optimizer", "adamx"],
        "'adamx' isn't a value of --optimizer, which takes sgd|nesterov|adam|adamw; did you mean "
          + "'adam'?"
      ),
      (
        ["run", "--layout", "chw"],
        "'chw' isn't a value of --layout, which takes nchw|nhwc; did you mean 'nchw'?"
      ),
      (["run", "--layout", "xyz"], "'xyz' isn't a value of --layout, which takes nchw|nhwc"),
      (
        ["inspect", "m.h5", "--sandbox", "on"],
        "'on' isn't a value of --sandbox, which takes auto|require|off"
      ),
      (
        ["list", "goodnte"],
        "there is no plugin 'goodnte'; did you mean 'goodnet'? (plugins: PLUGINS)"
      ),
      (
        ["--generate-completion-script", "bsh"],
        "there are no completions for 'bsh'; did you mean 'bash'? (shells: bash, zsh, fish)"
      ),
      (
        ["--generate-completion-script"],
        "--generate-completion-script needs a shell: bash, zsh, fish"
      ),
      (
        ["manual", "--page", "runn"],
        "there is no page 'runn'; did you mean 'run'? (pages: run, list, inspect, convert, data, clean-data, scan, evaluate, predict, "
          + "attack, train, trigger, trigger-apply, trigger-show, compare, merge, new, schema)"
      ),
      (
        [
          "attack", "sig", "--train", "fashion-mnits", "--test", "x", "--architecture", "vgg",
          "--output", "/tmp/no",
        ], "fashion-mnits: no such file; did you mean 'fashion-mnist'?"
      ),
    ] as [([String], String)])
  func suggestions(arguments: [String], message: String) throws {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == (message.contains("no such file") ? 66 : 64))
    let commands =
      "run, list, inspect, convert, data, clean-data, scan, evaluate, predict, attack, train, "
      + "trigger, compare, merge, new, schema, help"
    let plugins = standardPlugins.map { $0.name }.joined(separator: ", ")
    let whole = message.replacing("COMMANDS", with: commands).replacing("PLUGINS", with: plugins)
    #expect(result.errors == "runner: \(whole)\n")
    #expect(result.output == "")
  }

  @Test("Values of plugins' options are suggested too")
  func optionValues() throws {
    let result = try RunnerProgram.run([
      "--defense", "fine-pruning", "--option", "fine-pruning.schedule=cosin",
    ])
    #expect(
      result.errors == "runner: fine-pruning.schedule takes constant|step|cosine|one-cycle, not "
        + "'cosin'; did you mean 'cosine'?\n")
  }

  @Test("list shows the plugins that are named")
  func list() throws {
    let result = try RunnerProgram.run(["list", "sig", "goodnet"])
    #expect(
      result.output == """
        Detectors:
          goodnet         Flags images on which the suspect and its repaired copy disagree.
            needs a repaired copy of the model
            alarms=auto  number
              Share of held-out clean images that may be flagged, 0 to under 1; auto flags disagreement.

        Attacks:
          sig             Adds a sine wave to images of the target class; keeps labels.
            amplitude=40  number
              Amplitude of the wave, over 0 and up to 255.
            frequency=6   number
              Number of waves across an image, over 0 and up to 1000.

        """)
  }

  @Test("The manual has a page for every command, which mandoc finds nothing wrong with")
  func manual() throws {
    let folder = try TemporaryFolder()
    let result = try RunnerProgram.run(["manual", "--output", folder.path])
    #expect(result.status == 0 && result.output == "")
    let shown = Self.commands.filter { $0 != "manual" }
    let names = shown.map { (["runner"] + $0.split(separator: " ")).joined(separator: "-") + ".1" }
    #expect(try folder.names == names.sorted())
    let page = try RunnerProgram.run(["manual", "--page", "trigger apply"]).output
    #expect(
      page.contains(".Nm runner-trigger-apply\n.Nd apply a trigger to a data set\n"))
    #expect(page.contains(".It Fl \\-keep\\-target\\-class\n"))
    #expect(page.contains(".Sh EXAMPLES\nApply a trigger to the images of a file:\n.Bd -literal"))
    let mandoc = "/usr/bin/mandoc"
    guard FileManager.default.isExecutableFile(atPath: mandoc) else { return }
    let lint = try RunnerProgram.run(
      ["-Tlint", "-Wwarning"] + names, program: URL(fileURLWithPath: mandoc), in: folder.path)
    #expect(lint.status == 0 && lint.output == "" && lint.errors == "", "\(lint.output)")
  }
}
