import ComparisonReport
import DefenseKit
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("The page of a scan")
struct ScanPageTests {
  @Test("What the page must hold is in it")
  func content() throws {
    let html = try ScanSample().page().html
    for piece in [
      "<h1><bdi>suspect</bdi></h1>",
      "<p class=\"answer found\">Backdoor found by 1 of 2 verdicts: occluder names classes 0, 9.</p>",
      "<strong>backdoor</strong></td><td class=\"number\">7.25</td><td class=\"number\">2</td>"
        + "<td>0, 9</td><td>6.25 % and 1 more</td>", "<td>none found</td>",
      "cleanser needs at least 8 clean images", "40 of 1283 classes were searched.",
      "<code>trigger-0-occluder.h5</code>", "<code>trigger-9-occluder.h5</code>",
      ", 6.25 % of the image", "Clean images above, the same images with the trigger below",
      "<dt>Clean accuracy</dt><dd>90.00 %</dd>", ">class 9</text>", "Target class</text>",
      "runner trigger apply scan/trigger-0-occluder.h5", "images repeat",
    ] {
      #expect(html.contains(piece), "\(piece)")
    }
    // Two verdicts, and two triggers alone and on images.
    #expect(html.components(separatedBy: "<svg ").count == 3)
    #expect(html.components(separatedBy: "src=\"data:image/png;base64,").count == 5)
    // A score of each class for both verdicts.
    #expect(html.components(separatedBy: "<tr").count - 1 > 20)
    #expect(!html.contains("{{") && !html.contains("}}"))
    #expect(try ScanSample().page().html == html)
  }

  @Test("Nothing found, and no images")
  func nothing() throws {
    var sample = ScanSample()
    sample.hasFound = false
    let html = try ScanPage(sample.scan()).html
    #expect(html.contains("<p class=\"answer\">No backdoor found by 2 verdicts."))
    #expect(html.contains("None. Not every method looks for triggers"))
    #expect(html.contains("No findings.") && !html.contains("<img"))
    var scan = try sample.scan()
    scan.steps = []
    #expect(try ScanPage(scan).html.contains("Nothing in particular."))
    // Triggers without images to show them on.
    let bare = try ScanPage(ScanSample().scan()).html
    #expect(bare.components(separatedBy: "<img ").count == 3)
    #expect(!bare.contains("Clean images above"))
  }

  @Test("Texts of others are texts")
  func hostile() throws {
    let html = try ScanSample(isHostile: true).page().html
    #expect(!html.contains("<script>window") && !html.contains("<img src=x"))
    // By scalars, because a combining mark after a sign makes it another character.
    let entities: [Unicode.Scalar: String] = [
      "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;",
    ]
    for name in Hostile.names.dropLast() {
      let escaped = name.visible.unicodeScalars.map { entities[$0] ?? String($0) }.joined()
      #expect(html.contains(escaped), "\(name.visible)")
    }
  }

  @Test("1283 classes: under 2 MB")
  func large() throws {
    let html = try ScanSample(classes: 1283).page().html
    #expect(html.utf8.count < 2_000_000)
    #expect(html.contains(">class 1282</text>"))
  }

  @Test(
    "Charts of any scores are XML",
    arguments: [
      [], [1], [2, 2, 2], [.nan, 1, 2], [.infinity, 1, 2, -.infinity], [.nan, .nan],
      [1e308, -1e308, 0], [1e-300, 2e-300], (0..<6000).map(Double.init),
    ] as [[Double]])
  func charts(scores: [Double]) {
    let chart = ClassScoreChart(
      title: Hostile.names[0], subtitle: Hostile.names[4], measure: Hostile.names[1],
      scores: scores, targets: Array((0..<20).reversed()))
    let parser = XMLParser(data: Data(chart.svg.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(!chart.svg.contains("nan") && !chart.svg.contains("inf "))
  }

  @Test("What a chart says to those who do not see it")
  func summary() {
    let chart = ClassScoreChart(
      title: "margin", measure: "margin", scores: [1, 4, .nan, 2], targets: [1])
    #expect(
      chart.summary == "4 classes. Scores from 1 to 4, median 2. Scores that are not finite: 1. "
        + "Target classes: class 1 with 4.")
    let none = ClassScoreChart(title: "m", measure: "m", scores: [1, 2], targets: [])
    #expect(none.summary == "2 classes. Scores from 1 to 2, median 2. No target class.")
  }
}
