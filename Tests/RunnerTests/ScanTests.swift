import DefenseKit
import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

@Suite("scan")
struct ScanTests {
  private typealias Object = [String: Any]

  /// Classes behind twelve rectified features; a bias draws everything to class 4.
  private static func write(_ path: String, backdoor: Bool, classes: Int = 6) throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append("flat", .flatten, inputs: [0])
    let first = Tensor(
      shape: [16, 12], values: (0..<192).map { Float(($0 * 37) % 19) / 19 - 0.5 })
    try graph.append("hidden", .dense(Dense(kernel: first)), inputs: [1], activation: .relu)
    let last = Tensor(
      shape: [12, classes],
      values: (0..<12 * classes).map { $0 / 12 == $0 % classes ? 1.5 : -0.3 })
    let bias = Tensor(
      shape: [classes], values: (0..<classes).map { backdoor && $0 == 4 ? 6 : 0 })
    try graph.append(
      "scores", .dense(Dense(kernel: last, bias: bias)), inputs: [2], activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: path)
  }

  @Test("A backdoored model ends with status 1 and its class, another with 0; JSON has the same")
  func statuses() throws {
    let folder = try TemporaryFolder()
    let (suspect, honest) = ("\(folder.path)/suspect.h5", "\(folder.path)/honest.h5")
    try Self.write(suspect, backdoor: true)
    try Self.write(honest, backdoor: false)
    let options = ["--option", "free-eagle.steps=60"]
    let found = try RunnerProgram.run(["scan", suspect] + options)
    #expect(found.status == 1, "\(found.errors)")
    #expect(
      Self.numberless(found.output)
        == """
        Backdoor found by # of # verdicts: free-eagle names class #.

        verdict     answer      statistic  threshold  target classes  trigger found (area)
        ──────────────────────────────────────────────────────────────────────────────────
        free-eagle  backdoor  #  #  #  –
        mm-bd       none found  #  #  –  –

        free-eagle: tendency of the other classes' embeddings toward the class
          class #: #, class #: #, class #: #; # with lower scores
        mm-bd: maximum margin
          class #: #, class #: #, class #: #; # with lower scores
          images are taken to have values of #...# before the input scale; if they have others, give \
        clean images or mm-bd.range

        No verdict:
          occluder-search learns from clean images; give some with --clean
          sub-networks needs two layers of hidden channels in a row, which this network lacks
          left out: neural-cleanse (takes minutes); --verdict neural-cleanse runs it

        Audit of the file: no findings.

        Next:
          # With clean images, which need no labels, find triggers and train the model to ignore them
          runner run --defense trigger-unlearning --detector goodnet --model \(suspect) --clean clean.h# \
        --output repaired
          # With clean images, occluder-search can judge the model too
          runner scan \(suspect) --clean clean.h# --option free-eagle.steps=#
          # Write a page with all scores
          runner scan \(suspect) --option free-eagle.steps=# --output scan

        """.replacing(suspect, with: Self.numberless(suspect)))
    #expect(
      found.output.hasPrefix("Backdoor found by 1 of 2 verdicts: free-eagle names class 4.\n"))
    #expect(!found.errors.contains("runner:"))
    let clear = try RunnerProgram.run(["scan", honest, "--verdict", "free-eagle"] + options)
    #expect(clear.status == 0, "\(clear.errors)")
    #expect(
      clear.output.hasPrefix(
        "No backdoor found by 1 verdict. This does not prove that there is none.\n\nverdict  "))
    #expect(clear.output.contains("\nfree-eagle  none found  "))
    #expect(clear.output.hasSuffix("\nAudit of the file: no findings.\n"))
    let json = try RunnerProgram.run(["scan", suspect, "--json"] + options)
    #expect(json.status == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? Object)
    #expect(object["backdoored"] as? Bool == true)
    let verdict = try #require((object["verdicts"] as? Object)?["free-eagle"] as? Object)
    #expect(verdict["class"] as? Int == 4 && (verdict["scores"] as? [Any])?.count == 6)
    #expect(verdict["targets"] as? [Int] == [4] && object["targets"] as? [Int] == [4])
  }

  /// Returns a text with # for each number, and two spaces for more.
  private static func numberless(_ text: String) -> String {
    text.replacing(/-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?/, with: "#")
      .replacing(/[ ]{2,}(?=[#–])/, with: "  ")
  }

  @Test("A verdict that is slow for many classes is left out unless it is named")
  func slow() throws {
    let folder = try TemporaryFolder()
    let (many, fewer) = ("\(folder.path)/many.h5", "\(folder.path)/fewer.h5")
    try Self.write(many, backdoor: true, classes: 201)
    try Self.write(fewer, backdoor: true, classes: 200)
    let steps = ["--option", "free-eagle.steps=1"]
    // With 200 classes it runs unasked.
    let asked = try RunnerProgram.run(["scan", fewer] + steps)
    #expect(asked.output.contains("\nfree-eagle: "), "\(asked.errors)")
    let named = try RunnerProgram.run(["scan", many, "--verdict", "free-eagle"] + steps)
    #expect(named.output.contains("\nfree-eagle: ") && !named.output.contains("left out"))
    let leftOut = """
        sub-networks needs two layers of hidden channels in a row, which this network lacks
        left out: free-eagle (more than 200 classes); --verdict free-eagle runs it
        left out: mm-bd (more than 200 classes); --verdict mm-bd runs it
        left out: neural-cleanse (takes minutes); --verdict neural-cleanse runs it

      """
    // Without images nothing else can judge this network.
    let alone = try RunnerProgram.run(["scan", many])
    #expect(alone.status == 64 && alone.output == "")
    #expect(
      alone.errors
        == "runner: occluder-search learns from clean images; give some with --clean or name "
        + "free-eagle, mm-bd or neural-cleanse with --verdict\n")
    let images = "\(folder.path)/images.h5"
    let file = try HDF5Writer(path: images)
    try file.write(
      Tensor(shape: [20, 4, 4, 1], values: (0..<320).map { Float(($0 * 89) % 256) }), to: "data")
    try AtomicFile.write(try file.image(), to: images)
    let quick = ["census=100", "generations=1", "shortlist=2"].flatMap {
      ["--option", "occluder-search.\($0)"]
    }
    let others = try RunnerProgram.run(["scan", many, "--clean", images] + quick)
    #expect(
      others.output.contains("\nNo verdict:\n" + leftOut), "\(others.output) \(others.errors)")
    #expect(others.output.contains("\noccluder-search: fitness "))
    // An option of a verdict that is left out is no mistake.
    let both = try RunnerProgram.run(["scan", many, "--clean", images, "--json"] + quick + steps)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(both.output.utf8)) as? Object)
    #expect(
      (object["omitted"] as? [Object])?.compactMap { $0["verdict"] as? String } == [
        "sub-networks", "free-eagle", "mm-bd", "neural-cleanse",
      ])
  }

  @Test("Without a model the built-in network is scanned, which has its own images")
  func builtIn() throws {
    for option in [
      ["--clean", "a.h5"], ["--test", "a.h5"], ["--scale", "1/255"], ["--keys", "a,b"],
      ["--architecture", "a.h5"], ["--layout", "nchw"],
    ] {
      let refused = try RunnerProgram.run(["scan"] + option)
      #expect(refused.status == 64 && refused.output == "")
      #expect(
        refused.errors
          == "runner: \(option[0]) needs a model; without one the built-in network is scanned\n")
    }
    let images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
    guard FileManager.default.fileExists(atPath: images) else {
      #expect(!Lab.isRequired, "\(images) is missing")
      print("SKIPPED: \(images) is missing; apt-get install dataset-fashion-mnist")
      return
    }
    let folder = try TemporaryFolder()
    let found = try RunnerProgram.run(
      ["scan", "--verdict", "occluder-search", "--output", "scan"], in: folder.path)
    #expect(found.status == 1, "\(found.errors)")
    #expect(
      found.output.hasPrefix(
        "Backdoor found by 1 of 1 verdict: occluder-search names class 0.\n"), "\(found.output)")
    #expect(
      found.output.contains(
        "  # Train the model to ignore the triggers found\n  runner run --defense "
          + "trigger-unlearning --detector goodnet --output repaired\n"))
    // The commands that apply the trigger and measure it.
    let report = try JSONParser.parse(
      String(contentsOfFile: "\(folder.path)/scan/report.json", encoding: .utf8))
    var outputs: [String] = []
    for step in (report["next"]?.array ?? []).prefix(2) {
      let words = try #require(step["command"]?.string).split(separator: " ").map(String.init)
      let next = try RunnerProgram.run(Array(words.dropFirst()), in: folder.path)
      #expect(next.status == 0, "\(words): \(next.errors)")
      outputs.append(next.output)
    }
    #expect(outputs.count == 2)
    // The trigger is the attacker's: white, in the lower right corner.
    let trigger = try Trigger.load(
      "\(folder.path)/scan/trigger-0-occluder-search.h5", sandbox: .off)
    #expect(trigger.goal.target == 0)
  }

  @Test("Bad input is one line")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let model = "\(folder.path)/m.h5"
    try Self.write(model, backdoor: false)
    let cases: [([String], Int32, String)] = [
      (
        ["--verdict", "free-eagel"], 64,
        "free-eagel is not a verdict; did you mean 'free-eagle'?"
      ),
      (["--verdict", "strip"], 64, "strip is a detector, not a verdict; use --detector strip"),
      (
        ["--option", "strip.overlays=3"], 64,
        "strip.overlays has no effect, because strip isn't part of this run"
      ),
      (
        ["--option", "free-eagle.steps=0"], 64,
        "free-eagle.steps takes an integer from 1 to 100,000"
      ),
    ]
    for (arguments, status, words) in cases {
      let result = try RunnerProgram.run(["scan", model] + arguments)
      #expect(result.status == status && result.output == "", "\(arguments)")
      #expect(result.errors.hasPrefix("runner: \(words)"), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    let defense = try RunnerProgram.run(["--defense", "free-eagle"])
    #expect(defense.errors.contains("runner: free-eagle is a verdict, not a defense; use "))
  }
}
