import Foundation
import InferenceGraph
import ModelIO
import Testing

@Suite("scan")
struct ScanTests {
  private typealias Object = [String: Any]

  /// Six classes behind twelve rectified features; a bias draws everything to class 4.
  private static func write(_ path: String, backdoor: Bool) throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append("flat", .flatten, inputs: [0])
    let first = Tensor(
      shape: [16, 12], values: (0..<192).map { Float(($0 * 37) % 19) / 19 - 0.5 })
    try graph.append("hidden", .dense(Dense(kernel: first)), inputs: [1], activation: .relu)
    let last = Tensor(
      shape: [12, 6], values: (0..<72).map { $0 / 12 == $0 % 6 ? 1.5 : -0.3 })
    let bias = Tensor(shape: [6], values: (0..<6).map { backdoor && $0 == 4 ? 6 : 0 })
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
          images are taken to have values of #...# before the input scale; if they have others, give clean images or mm-bd.range

        No verdict:
          occluder-search learns from clean images; give some with --clean

        Audit of the file: no findings.

        Next:
          # Repair the model with labelled clean images
          runner run --defense fine-pruning --detector goodnet --model \(suspect) --clean clean.h# \
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
