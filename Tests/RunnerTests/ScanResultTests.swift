import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import ModelIO
@testable import RunnerKit

/// Scans with a verdict that finds a trigger, and what they leave behind.
@Suite("Results of scan")
final class ScanResultTests {
  private let place: BadInputPlace
  private let program: URL

  init() throws {
    place = try BadInputPlace.make()
    program = try #require(Lab.program("faulty-runner"), "faulty-runner was not built")
  }

  private var output: String { place.path("out") }

  private func scan(_ arguments: [String]) throws -> RunnerProgram.Result {
    let result = try RunnerProgram.run(
      ["scan", place.model] + arguments, program: program, in: place.folder.path)
    if arguments.contains("--json"), result.output.hasPrefix("{") {
      try WrittenJSON.expectValid(result.output, "scan", "\(arguments)")
    }
    return result
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(output)/\(name)", encoding: .utf8)
  }

  @Test("The whole output, the files, and the commands that follow")
  func whole() throws {
    let result = try scan(["--clean", place.good, "--output", output])
    #expect(result.status == 1 && result.errors == "")
    #expect(
      result.output == """
        Backdoor found by 1 of 2 verdicts: finder names class 1.

        verdict  answer      statistic  threshold  target classes  trigger found (area)
        ───────────────────────────────────────────────────────────────────────────────
        finder   backdoor            3          2               1                  25 %
        idle     none found          0          1               –                     –

        finder: size of <script>window.hacked = true</script>
          class 1: 4, class 2: 1, class 0: 0.25
          2 of 3 classes were searched
        idle: nothing
          class 0: 0, class 1: 0, class 2: 0

        finder's trigger of class 1, from black ░ to white █:
          ██ ·
           · ·

        Audit of the file: no findings.

        Next:
          # Apply the trigger of class 1 to labelled images
          faulty-runner trigger apply \(output)/trigger-1-finder.h5 --data \(place.good) \
        --output triggered-1-finder.h5
          # Measure how often it leads to class 1
          faulty-runner evaluate \(place.model) --poisoned triggered-1-finder.h5

        All results are in \(output); the page is \(output)/scan.html.

        """)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        == ["findings.sarif", "report.json", "scan.html", "trigger-1-finder.h5"])
    let report = try text("report.json")
    try WrittenJSON.expectValid(report, "scan", "report.json")
    let object = try JSONParser.parse(report)
    #expect(object["backdoored"] == true && object["targets"] == [1])
    #expect(object["baseline"] == ["correct": 6, "images": 6])
    #expect(
      object["verdicts"]?["finder"]?["triggers"] == [
        ["class": 1, "area": .number(0.25), "file": "trigger-1-finder.h5"]
      ])
    #expect(object["data"]?["clean"]?["images"]?.int == 6 && object["data"]?["test"] == nil)
    #expect(object["options"]?["verdicts"]?["finder"] == ["statistic": "3"])
    let trigger = try Trigger.load("\(output)/trigger-1-finder.h5", sandbox: .off)
    #expect(trigger.goal.target == 1 && trigger.attack == "finder")
    // The commands of the report do what they say.
    for step in object["next"]?.array ?? [] {
      let words = try #require(step["command"]?.string).split(separator: " ").map(String.init)
      let next = try RunnerProgram.run(
        Array(words.dropFirst()), program: program, in: place.folder.path)
      #expect(next.status == 0, "\(words): \(next.errors)")
    }
    #expect(FileManager.default.fileExists(atPath: place.path("triggered-1-finder.h5")))
  }

  @Test("The page has scores, marks and pictures, and no text of others as markup")
  func page() throws {
    _ = try scan(["--clean", place.good, "--test", place.test, "--output", output])
    let page = try text("scan.html")
    for piece in [
      "<h1><bdi>",
      "<p class=\"answer found\">Backdoor found by 1 of 2 verdicts: finder names class 1.",
      "<bdi>finder</bdi>", "data-value=\"0.25\"", ">class 1</text>",
      "size of &lt;script&gt;window.hacked = true&lt;/script&gt;",
      "Finds &lt;b&gt;a white pixel&lt;/b&gt;", "2 of 3 classes were searched.",
      "<code>trigger-1-finder.h5</code>", "25 % of the image", "No findings.",
      "faulty-runner trigger apply ", "<dd>100.00 %</dd>",
    ] {
      #expect(page.contains(piece), "\(piece)")
    }
    // The trigger alone, and on images.
    #expect(page.components(separatedBy: "src=\"data:image/png;base64,").count == 3)
    #expect(!page.contains("<script>window") && !page.contains("{{"))
    #expect(page.components(separatedBy: "<svg ").count == 3)
  }

  @Test("The audit's findings and layers' names are in all results, as text")
  func findings() throws {
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append("flatten", .flatten, inputs: [0])
    let values = (0..<12).map { $0 == 4 ? Float(20_000) : Float($0 % 5) / 10 + 0.1 }
    try graph.append(
      "<script>window.hacked=1<b>",
      .dense(Dense(kernel: Tensor(shape: [4, 3], values: values))), inputs: [1],
      activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: place.model)
    let result = try scan(["--output", output])
    #expect(result.status == 0)
    #expect(
      result.output.contains(
        "\nAudit of the file:\n  warning: layer '<script>window.hacked=1<b>': 1 of the 12 values"))
    #expect(result.output.contains(" [weights-extreme]\n"))
    #expect(
      result.output.contains(
        "  # Look at the layers and the audit's findings\n  faulty-runner inspect \(place.model)\n")
    )
    #expect(
      result.output.contains("\nNo verdict:\n  finder learns from clean images; "))
    #expect(
      result.output.contains(
        "  # With clean images, finder can judge the model too\n"
          + "  faulty-runner scan \(place.model) --clean clean.h5\n"))
    let page = try text("scan.html")
    #expect(page.contains("layer &#39;&lt;script&gt;window.hacked=1&lt;b&gt;&#39;: 1 of the 12"))
    #expect(!page.contains("<script>window"))
    #expect(page.contains("None. Not every method looks for triggers"))
    let run = try #require(try JSONParser.parse(text("findings.sarif"))["runs"]?[0])
    let results = try #require(run["results"]?.array)
    #expect(results.map { $0["ruleId"]?.string } == ["weights-extreme"])
    let report = try JSONParser.parse(text("report.json"))
    #expect(report["findings"]?[0]?["rule"] == "weights-extreme")
    #expect(report["omitted"]?[0]?["verdict"] == "finder")
  }

  @Test("A verdict that finds a backdoor is a result in SARIF, with its class")
  func sarif() throws {
    _ = try scan(["--clean", place.good, "--output", output])
    let log = try JSONParser.parse(text("findings.sarif"))
    let run = try #require(log["runs"]?[0])
    let results = try #require(run["results"]?.array)
    #expect(results.count == 1)
    let rules = try #require(run["tool"]?["driver"]?["rules"]?.array)
    #expect(rules.count == Finding.Rule.all.count + 2)
    #expect(rules[results[0]["ruleIndex"]?.int ?? 0]["id"] == "finder")
    #expect(results[0]["ruleId"] == "finder" && results[0]["level"] == "error")
    #expect(
      results[0]["message"]?["text"]
        == "finder finds a backdoor with the target class 1: statistic 3, threshold 2")
    guard Lab.runsPython else { return }
    let script = Lab.repository.appending(path: "Tests/RunnerTests/Fixtures/sarif.py")
    let complaints = try Lab.run(script, ["\(output)/findings.sarif"])
    #expect(complaints == "" || complaints.hasPrefix("SKIPPED") && !Lab.isRequired)
  }

  @Test("Exit statuses: 0 if nothing is found, whatever the audit says; methods that cannot run")
  func statuses() throws {
    let clean = ["--clean", place.good]
    let clear = try scan(clean + ["--option", "finder.statistic=1", "--output", output])
    #expect(clear.status == 0, "\(clear.errors)")
    #expect(
      clear.output.hasPrefix(
        "No backdoor found by 2 verdicts. This does not prove that there is none.\n"))
    #expect(clear.output.contains("\nAudit of the file: no findings.\n\nAll results are in "))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        == ["findings.sarif", "report.json", "scan.html"])
    // A method that no model suits gives no verdict, unless it is the only one.
    let refused = try scan(clean + ["--option", "idle.refuses=true"])
    #expect(refused.status == 1)
    #expect(refused.output.contains("\nNo verdict:\n  idle needs another model\n"))
    #expect(refused.output.hasPrefix("Backdoor found by 1 of 1 verdict: finder names class 1.\n"))
    #expect(refused.output.contains("  # Write a page with all scores, and the triggers found\n"))
    let alone = try scan(["--verdict", "idle", "--option", "idle.refuses=true"])
    #expect(alone.status == 65 && alone.output == "")
    #expect(alone.errors == "faulty-runner: idle needs another model\n")
    // A named method must have its images.
    let named = try scan(["--verdict", "finder,idle"])
    #expect(named.status == 64 && named.output == "")
    #expect(named.errors.hasPrefix("faulty-runner: finder learns from clean images; "))
    let json = try scan(clean + ["--json"])
    #expect(json.status == 1)
    #expect(
      try JSONParser.parse(json.output)["verdicts"]?["finder"]?["triggers"]?[0]?["file"] == .null)
  }

  @Test("Results are replaced with --force alone, and never an input")
  func force() throws {
    let arguments = ["--clean", place.good, "--output", output]
    #expect(try scan(arguments).status == 1)
    let refused = try scan(arguments)
    #expect(refused.status == 73 && refused.output == "")
    #expect(
      refused.errors
        == "faulty-runner: \(output) holds the results of another run; choose another --output, or "
        + "replace them with --force\n")
    #expect(try scan(arguments + ["--force", "--option", "finder.statistic=1"]).status == 0)
    // The trigger of the earlier scan is gone.
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: output).sorted()
        == ["findings.sarif", "report.json", "scan.html"])
    #expect(try scan(["--force"]).errors == "faulty-runner: --force needs --output\n")
    let inside = "\(output)/trigger-1-finder.h5"
    try FileManager.default.copyItem(atPath: place.good, toPath: inside)
    #expect(try scan(["--clean", inside, "--output", output, "--force"]).status == 73)
    #expect(FileManager.default.fileExists(atPath: inside))
  }

  @Test("Clean images need no labels")
  func unlabelled() throws {
    let bare = try place.data("bare", images: place.images(6), labels: nil)
    let result = try scan(["--clean", bare, "--json"])
    #expect(result.status == 1)
    #expect(
      result.errors
        == "warning: \(bare): has no labels; the classes that the model gives stand in for them\n")
    let report = try JSONParser.parse(result.output)
    #expect(report["baseline"] == .null && report["data"]?["clean"]?["images"]?.int == 6)
    // Other commands need them.
    let evaluation = try RunnerProgram.run(["evaluate", place.model, "--test", bare])
    #expect(evaluation.status == 65)
    #expect(evaluation.errors.contains("has no data set 'label' with the images' classes"))
    let keyed = try scan(["--clean", bare, "--keys", "data,label"])
    #expect(keyed.status == 65 && keyed.errors.contains("has no data set 'label'"))
    // Triggers are applied to labelled images, whose name is to be filled in.
    let written = try scan(["--clean", bare, "--output", output])
    #expect(written.output.contains("/trigger-1-finder.h5 --data test.h5 --output triggered-"))
  }

  @Test("Triggered images are bytes, whatever the units: the scale follows")
  func units() throws {
    let images = place.images(6)
    let small = Tensor(shape: images.shape, values: images.values.map { $0 / 255 })
    let data = try place.data("small", images: small, labels: [0, 1, 2, 0, 1, 2])
    let plain = try scan(["--clean", data, "--output", output])
    #expect(plain.output.contains(" --poisoned triggered-1-finder.h5 --scale 1/255\n"))
    let scaled = try scan(["--clean", place.good, "--scale", "1/2", "--output", output, "--force"])
    #expect(scaled.output.contains(" --poisoned triggered-1-finder.h5 --scale 0.5\n"))
  }

  @Test("A model that does little better than guessing: the first thing that is said")
  func nearChance() throws {
    let wrong = try place.data("wrong", images: place.images(6), labels: [1, 2, 0, 1, 2, 0])
    let result = try scan(["--clean", place.good, "--test", wrong, "--output", output])
    let problem = "the model classifies only 0 of 6 images correctly, close to chance"
    #expect(result.errors.hasPrefix("warning: ") && result.errors.contains(problem))
    let first = try #require(result.output.split(separator: "\n").first)
    #expect(first.contains(problem) && first.contains("wrong.h5"))
    #expect(try text("scan.html").contains("The model does little better than guessing."))
    #expect(
      try JSONParser.parse(text("report.json"))["baseline"] == ["correct": 0, "images": 6])
  }
}
