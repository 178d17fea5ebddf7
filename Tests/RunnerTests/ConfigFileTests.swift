import Foundation
import Testing

@testable import RunnerKit

@Suite("Configuration files")
struct ConfigFileTests {
  /// What the arguments become with a file.
  private func expanded(_ text: String, _ arguments: [String]) throws -> [String] {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/c.yaml"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let file = try ConfigFile(
      arguments.map { $0.replacing("FILE", with: path) }, of: CommandInfo.root())
    return file.arguments.map { $0.replacing(path, with: "FILE") }
  }

  @Test("Texts, lists, flags, options of plugins; the command line goes on top")
  func merges() throws {
    let text = """
      model: a.h5
      defense: [fine-pruning, clp]
      detector: goodnet
      scale: 1/255
      seed: 7
      curve: true
      compact: false
      option:
        fine-pruning: {drops: [2, 4], layer: ''}
        clp: {u: 3}
      """
    let rest = [
      "--option=fine-pruning.drops=2,4", "--option=fine-pruning.layer=", "--option=clp.u=3",
    ]
    let front = ["--model=a.h5", "--defense=fine-pruning", "--defense=clp", "--detector=goodnet"]
    let all = front + ["--scale=1/255", "--seed=7", "--curve"] + rest
    #expect(try expanded(text, ["--config", "FILE"]) == all + ["--config", "FILE"])
    #expect(
      try expanded(text, ["run", "--config=FILE", "--json"])
        == ["run"] + all + ["--config=FILE", "--json"])
    // Lists are replaced; of `option` what has the same name.
    let given = [
      "--config", "FILE", "--defense", "x", "--model=-b.h5", "--curve", "--option",
      "fine-pruning.drops=3", "--option=clp.v=1",
    ]
    #expect(
      try expanded(text, given) == ["--detector=goodnet", "--scale=1/255", "--seed=7"]
        + rest.dropFirst() + given)
    // What stands behind '--' is no option.
    #expect(
      try expanded("quiet: true", ["predict", "m", "--", "--config", "FILE"])
        == ["predict", "m", "--", "--config", "FILE"])
    #expect(
      try expanded("quiet: true", ["trigger", "show", "t", "--config", "FILE", "-q"])
        == ["trigger", "show", "t", "--config", "FILE", "-q"])
    #expect(
      try expanded("option: sig.amplitude=3", ["attack", "sig", "--config", "FILE"])
        == ["attack", "--option=sig.amplitude=3", "sig", "--config", "FILE"])
    #expect(try expanded("", ["--config", "FILE"]) == ["--config", "FILE"])
    // Whoever asks for help gets it, whatever the file holds.
    #expect(try expanded("nonsense: 1", ["--config", "FILE", "-h"]) == ["--config", "FILE", "-h"])
  }

  private static let keys =
    "defense, detector, data-set-detector, verdict, model, record, clean, test, poisoned, train, "
    + "target, group, scale, mean, std, channels, layout, labels, resize, crop, keys, architecture, "
    + "output-layer, threads, sandbox, option, seed, output, force, compact, format, curve, json, quiet"

  static let refused: [(text: String, message: String)] = [
    (
      "seed: 1\ndefence: x",
      "c.yaml:2: there is no key 'defence'; did you mean 'defense'? (keys for 'run': \(keys))"
    ),
    ("config: x", "c.yaml:1: there is no key 'config' (keys for 'run': \(keys))"),
    ("- a", "c.yaml:1: expected a mapping (key: value), not a list"),
    ("json: yes", "c.yaml:1: 'json' takes true or false"),
    ("json: [true]", "c.yaml:1: 'json' takes true or false"),
    ("model: [a, b]", "c.yaml:1: 'model' takes one value, not a list or a mapping"),
    ("defense: {a: b}", "c.yaml:1: expected a list, not a mapping"),
    ("defense:\n  - a\n  - {b: c}", "c.yaml:3: expected a text, not a mapping"),
    ("option: {clp: 3}", "c.yaml:1: expected a mapping (key: value), not a text"),
    ("option: {clp: {u: {v: w}}}", "c.yaml:1: expected a list, not a mapping"),
    (
      "model: x\nmodel: y",
      "c.yaml:1: the key 'model' of this line occurs twice; keep one"
    ),
    // What the commands themselves refuse, with the place.
    (
      "sandbox: of",
      "'of' isn't a value of --sandbox, which takes auto|require|off; did you mean 'off'? (c.yaml:1)"
    ),
    ("seed: -1", "The value '-1' is invalid for '--seed <n>'; see 'runner run --help' (c.yaml:1)"),
    (
      "seed: 1\n\ndefense:\n  - fine-prunin",
      "fine-prunin is not a defense; did you mean 'fine-pruning'? "
        + "(defenses: fine-pruning, fine-tuning, clp, anp, nad, i-bau, mm-bm, trigger-unlearning) (c.yaml:4)"
    ),
    (
      "defense: fine-pruning\nthreads: 0",
      "--threads takes a number from 1 to 1024, not 0 (c.yaml:2)"
    ),
    (
      "defense: fine-pruning\noption:\n  fine-pruning:\n    drops: many",
      "fine-pruning.drops takes numbers separated by commas, not 'many' (default: 2,4,10) (c.yaml:4)"
    ),
    (
      "defense: fine-pruning\noption:\n  goodnet: {level: 3}",
      "goodnet.level has no effect, because goodnet isn't part of this run; name the plugin or leave "
        + "goodnet.level out (c.yaml:3)"
    ),
  ]

  @Test("What is wrong in a file is said with its line", arguments: refused.indices)
  func refuses(_ index: Int) throws {
    let folder = try TemporaryFolder()
    try Data(Self.refused[index].text.utf8).write(
      to: URL(fileURLWithPath: "\(folder.path)/c.yaml"))
    let result = try RunnerProgram.run(["--config", "c.yaml"], in: folder.path)
    let isSyntax = Self.refused[index].message.contains("occurs twice")
    #expect(result.status == (isSyntax ? 65 : 64))
    #expect(result.errors == "runner: \(Self.refused[index].message)\n")
    #expect(result.output == "")
  }

  @Test("A missing file, one given twice, an argument that is no option, a file that it names")
  func places() throws {
    let folder = try TemporaryFolder()
    func errors(_ text: String, _ arguments: [String]) throws -> String {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/c.yaml"))
      let result = try RunnerProgram.run(arguments, in: folder.path)
      return "\(result.status) \(result.errors)"
    }
    #expect(
      try errors("", ["--config", "d.yaml"])
        == "66 runner: d.yaml: no such file; did you mean 'c.yaml'?\n")
    #expect(
      try errors("", ["--config", "c.yaml", "--config=c.yaml"])
        == "64 runner: --config is given more than once; give one file\n")
    #expect(
      try errors("model: m.h5", ["evaluate", "--config", "c.yaml"])
        == "64 runner: c.yaml:1: 'model' is not an option of 'evaluate'; write it on the command line\n"
    )
    #expect(
      try errors("defense: fine-pruning\nmodel: m.h5\nclean: d.h5", ["--config", "c.yaml"])
        == "66 runner: m.h5: no such file; check the path (c.yaml:2)\n")
  }

  @Test("A run from a file is the run from the command line")
  func runs() throws {
    let place = try BadInputPlace.make()
    let text = """
      model: m.h5
      clean: good.h5
      test: good.h5
      defense: fine-pruning
      detector: [goodnet]
      option: {fine-pruning: {drops: 10, epochs: 0}}
      """
    let config = try place.text("c.yaml", text)
    let fromFile = try RunnerProgram.run(["--config", config], in: place.folder.path)
    let plain = try RunnerProgram.run([
      "--model", place.model, "--clean", place.good, "--test", place.test, "--defense",
      "fine-pruning", "--detector", "goodnet", "--option", "fine-pruning.drops=10", "--option",
      "fine-pruning.epochs=0",
    ])
    #expect(fromFile.status == 0 && fromFile.output == plain.output, "\(fromFile.errors)")
  }

  @Test("Every command takes --config and --quiet")
  func everywhere() throws {
    func check(_ command: CommandInfo) {
      let commands = command.shownCommands.filter { $0.commandName != "help" }
      for command in commands { check(command) }
      guard commands.isEmpty else { return }
      for name in ["config", "quiet"] {
        #expect(command.option(named: name) != nil, "\(command.path)")
      }
    }
    check(try CommandInfo.root())
  }
}
