import DefenseKit
import FinePruning
import Foundation
import Testing

@testable import RunnerKit

@Suite("Completions for shells")
struct CompletionTests {
  /// Runs a shell with a script; the folder of the program comes first in the path.
  private func run(_ shell: String, _ arguments: [String], in folder: String) throws -> String {
    let result = try RunnerProgram.run(
      arguments, program: URL(fileURLWithPath: shell), in: folder)
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    return result.output
  }

  @Test("The scripts are such for their shells", arguments: ["bash", "zsh", "fish"])
  func syntax(shell: String) throws {
    let folder = try TemporaryFolder()
    let script = try RunnerProgram.run(["--generate-completion-script", shell])
    #expect(script.status == 0 && script.errors == "")
    let other = try RunnerProgram.run(["--generate-completion-script=\(shell)"])
    #expect(other.output == script.output)
    let places = ["/bin/\(shell)", "/usr/bin/\(shell)"]
    guard let program = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else { return }
    try Data(script.output.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/script"))
    #expect(try run(program, ["-n", "script"], in: folder.path) == "")
  }

  static let lines: [(line: [String], answer: String)] = [
    (["ins"], "inspect"), (["--de"], "--defense --detector"),
    (
      ["--defense", ""], "fine-pruning fine-tuning clp anp nad i-bau mm-bm trigger-unlearning"
    ),
    (
      ["--defense", "fine-pruning,"],
      "fine-pruning,fine-tuning fine-pruning,clp fine-pruning,anp fine-pruning,nad "
        + "fine-pruning,i-bau fine-pruning,mm-bm fine-pruning,trigger-unlearning"
    ),
    (
      ["--defense", "fine-tuning", "--detector", ""],
      "goodnet strip scale-up ibd-psc bad-expert ted beatrix teco sentinet"
    ),
    (
      ["run", "--defense", "fine-tuning", "--option", "fine-tuning.op"],
      "fine-tuning.optimizer=sgd fine-tuning.optimizer=nesterov fine-tuning.optimizer=adam "
        + "fine-tuning.optimizer=adamw"
    ),
    (["run", "--model", ""], "m.h5 folder"), (["run", "--output", ""], "folder"),
    (["--sandbox", ""], "auto require off"),
    (
      ["attack", ""],
      "badnets blended sig wanet label-consistent adaptive-blend bpp tact low-frequency ftrojan "
        + "multi-trigger trojan-nn sra"
    ), (["attack", "bl"], "blended"),
    (["attack", "sig", "--schedule", "c"], "constant cosine"),
    (["attack", "sig", "--option", ""], "sig.amplitude=40 sig.frequency=6"),
    (
      ["attack", "sig", "--architecture", ""],
      Architecture.all.map(\.name).joined(separator: " ") + " a.png c.yaml folder m.h5"
    ),
    (["attack", "sig", "--train", "f"], "fashion-mnist folder"),
    (["attack", "sig", "--train", "folder/"], "folder/n.h5"),
    // The root's option of this name is a folder.
    (["trigger", "apply", "t.h5", "--output", ""], "m.h5 folder"),
    (["trigger", "apply", "t.h5", "--kee"], "--keep-target-class"),
    (["predict", "m.h5", ""], "a.png folder"), (["predict", "m.h5", "--detector", "g"], "goodnet"),
    (["compare", "--defense", "a"], "anp all"),
    (["new", ""], "defense detector data-set-detector verdict attack onnx-export"),
    (["evaluate", "m.h5", "--config", ""], "c.yaml folder"), (["list", "fine-t"], "fine-tuning"),
  ]

  @Test("What bash completes, asked as it asks", arguments: lines.indices)
  func bash(_ index: Int) throws {
    let (line, answer) = Self.lines[index]
    let folder = try TemporaryFolder()
    let place = URL(fileURLWithPath: folder.path)
    try FileManager.default.createDirectory(
      at: place.appending(path: "folder"), withIntermediateDirectories: false)
    for name in ["m.h5", "a.png", "c.yaml", "folder/n.h5"] {
      try Data().write(to: place.appending(path: name))
    }
    let program = try RunnerProgram.path().path
    let script = #"""
      source <("$1" --generate-completion-script bash)
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
      COMP_WORDS=("$1" "${@:2}")
      _runner runner "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      echo "${COMPREPLY[*]}"
      """#
    // A third party's program is asked by the name that is on the command line.
    let found = try run("/bin/bash", ["-c", script, "bash", program] + line, in: folder.path)
    #expect(found == answer + "\n")
  }

  @Test("Each program completes its own plugins")
  func ownPlugins() throws {
    let plugins = try PluginSet([FinePruning.self])
    func answer(_ option: String) throws -> String? {
      try Completion.$plugins.withValue(plugins) { () throws(Failure) in
        try Completion.answer(to: ["---completion", "run", "--", option, "2", "0", "x", option, ""])
      }
    }
    #expect(try answer("--defense") == "fine-pruning\n")
    #expect(try answer("--detector") == "\n")
    #expect(try answer("--option")?.hasPrefix("fine-pruning.layer=auto\n") == true)
  }

  @Test("Questions that are none get no answer, and no error")
  func nonsense() throws {
    for arguments in [
      ["---completion"], ["---completion", "--", "--nothing", "1", "0"],
      ["---completion", "nothing", "--", "--defense"], ["---completion", "--", "--defense", "x"],
    ] {
      let result = try RunnerProgram.run(arguments)
      #expect(result.status == 0 && result.output == "" && result.errors == "", "\(arguments)")
    }
  }
}
