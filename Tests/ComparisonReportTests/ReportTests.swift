import ComparisonReport
import DefenseKit
import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("The report of a comparison")
struct ReportTests {
  private func sampleReport() throws -> ComparisonReport {
    var sample = Sample()
    let (records, costs) = try sample.results()
    return ComparisonReport(title: "Three attacks", records: records, costs: costs)
  }

  @Test("What the page must hold is in it")
  func content() throws {
    let report = try sampleReport()
    let html = report.html
    for piece in [
      "<h1><bdi>Three attacks</bdi></h1>", "<strong>3 models</strong>",
      "<strong>4 defenses</strong>", "<strong>3 detectors</strong>", "<strong>3 seeds</strong>",
      "DefenseKit \(defenseKitVersion)", "<strong>3 units failed.</strong>",
      "<strong><bdi>blended: fine-pruning + strip, seed 1</bdi></strong> failed: "
        + "<bdi>stopped after 600 s; allow it more with --timeout</bdi>",
      "clp: 2 of 6 normalizations have no producing convolution", "data:image/png;base64,",
      "<dt><bdi>overlays</bdi></dt><dd><bdi>100</bdi></dd>", "Hanley and McNeil", "ICCV 2023",
      "No change gives 0.5", "Peak memory",
    ] {
      #expect(html.contains(piece), "\(piece)")
    }
    for hash in Set(report.records.flatMap { $0.unit.inputs.values }) {
      #expect(html.contains(hash))
    }
    // Every chart of the page is a file too.
    #expect(html.components(separatedBy: "<svg ").count - 1 == report.charts.count)
    #expect(Set(report.charts.map(\.file)).count == report.charts.count)
    #expect(report.charts.map(\.file).contains("badnets-roc-goodnet.svg"))
    #expect(!html.contains("{{") && !html.contains("}}"))
  }

  @Test("Equal results give equal bytes, and times stand in the page alone")
  func deterministic() throws {
    let (one, other) = (try sampleReport(), try sampleReport())
    #expect(one.html == other.html)
    #expect(one.charts.map(\.svg) == other.charts.map(\.svg))
    let untimed = ComparisonReport(title: one.title, records: one.records)
    #expect(untimed.html.contains("Not recorded."))
    #expect(untimed.charts.map(\.svg) == one.charts.map(\.svg))
  }

  @Test("Nothing is called best that does no better than nothing")
  func nothingBest() throws {
    var sample = Sample()
    sample.models = Array(sample.models.prefix(1))
    var records = try sample.results().0.filter { $0.unit.detector == nil }
    #expect(ComparisonReport(records: records).html.contains("class=\"best\""))
    for index in records.indices {
      for row in records[index].rows.indices {
        records[index].rows[row].model = try #require(records[index].suspect)
      }
    }
    let html = ComparisonReport(records: records).html
    #expect(html.contains("No defense and no detector improves on the suspect"))
    #expect(!html.contains("class=\"best\""))
  }

  @Test("The page of no results, of failures alone, and of one suspect")
  func empty() throws {
    #expect(ComparisonReport(records: []).html.contains("There are no results."))
    var sample = Sample()
    let (records, _) = try sample.results()
    let failed = records.prefix(3).map { ComparisonRecord($0.unit, failure: "no") }
    let page = ComparisonReport(records: failed).html
    #expect(page.contains("3 units failed.") && page.contains("failed: <bdi>no</bdi>"))
    let suspect = ComparisonReport(records: [records[0]])
    #expect(suspect.html.contains("<strong>0 defenses</strong>"))
    #expect(suspect.charts.map(\.file) == ["badnets-classes.svg"])
  }

  @Test("Charts are XML, whatever things are called, and files have plain names")
  func xml() throws {
    let report = try sampleReport()
    let hostile = ComparisonReport(records: Hostile.records(report.records))
    #expect(hostile.charts.count == report.charts.count)
    for (file, svg) in hostile.charts {
      let parser = XMLParser(data: Data(svg.utf8))
      #expect(parser.parse(), "\(file): \(String(describing: parser.parserError))")
      #expect(file.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-.".contains($0)) })
      #expect(file.utf8.count < 255)
    }
  }

  @Test("A large comparison: under 5 MB and 2 s")
  func large() throws {
    var sample = Sample()
    sample.models = (1...25).map { "model \($0)" }
    sample.defenses.append("a-fifth")
    sample.seeds = [0, 1, 2, 3, 4]
    let (records, costs) = try sample.results()
    #expect(records.count > 25 * 5 * 3 * 5)
    let began = Self.processorSeconds
    let html = ComparisonReport(records: records, costs: costs).html
    let seconds = Self.processorSeconds - began
    #expect(html.utf8.count < 5_000_000)
    #expect(seconds < 2)
  }

  /// What this thread has computed for: other tests share the processors.
  private static var processorSeconds: Double {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
