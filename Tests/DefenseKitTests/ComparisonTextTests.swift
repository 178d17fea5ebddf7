import Foundation
import Testing

@testable import DefenseKit

/// Two models with two defenses, a detector and two seeds; one unit failed. All figures are made up.
private func sample() -> ([ComparisonRecord], [String: UnitCost]) {
  let pruning = PluginChoice(
    name: "fine-pruning", options: [.init(name: "drop", value: "2,4")])
  let clp = PluginChoice(name: "clp", options: [.init(name: "u", value: "3")])
  let detector = PluginChoice(name: "goodnet")
  func figures(_ correct: Int, _ hits: Int, flagged: Int = 0) -> ComparisonRecord.ModelFigures {
    ComparisonRecord.ModelFigures(
      test: CleanCounts(correct: correct, flagged: flagged, images: 300),
      poisoned: PoisonedCounts(
        hits: hits, restored: (200 - hits) / 2, flagged: flagged * 3, images: 200))
  }
  let suspect = figures(291, 198)
  var records: [ComparisonRecord] = []
  for model in ["badnets", "a, \"b\" | <b>*x*</b>"] {
    for (defense, detector) in [(nil, nil), (pruning, nil), (pruning, detector), (clp, nil)] {
      for seed in [UInt64(0), 1] {
        let unit = ComparisonUnit(
          model: model, inputs: ["model": model], defense: defense, detector: detector, seed: seed)
        if defense == clp, seed == 1 || model != "badnets" {
          records.append(
            ComparisonRecord(unit, failure: "=SUM(A1), line one\nline \"two\" | \u{202E}<i>"))
          continue
        }
        var record = ComparisonRecord(unit)
        record.suspect = suspect
        let change = Int(seed)
        switch (defense, detector) {
        case (nil, _): record.rows = [.init(model: suspect)]
        case (clp, _): record.rows = [.init(model: figures(288 - change, 3))]
        default:
          record.rows = [("2 %", 285, 90), ("4 %", 276, 7)].map { title, correct, hits in
            .init(
              title: title, model: figures(correct - change, hits + 2 * change),
              detector: detector.map { _ in
                .init(
                  answers: figures(correct - 10 - change, hits / 9 + change, flagged: 12),
                  auroc: 0.9 + Double(seed) / 64)
              }, cleanSamples: 1000)
          }
        }
        records.append(record)
      }
    }
  }
  // Real keys depend on the version.
  for index in records.indices { records[index].key = "unit-\(index)" }
  let costs = records.enumerated().map { place, record in
    (record.key, UnitCost(seconds: Double(place) + 0.25, peakMemory: 1_000_000 * (place + 1)))
  }
  return (records, Dictionary(costs) { first, _ in first })
}

@Suite("Comparisons as text")
struct ComparisonTextTests {
  private let table: ComparisonTable
  private let untimed: ComparisonTable

  init() {
    let (records, costs) = sample()
    table = ComparisonTable(records, costs: costs)
    untimed = ComparisonTable(records)
  }

  @Test("The table for a terminal, whole; no line is wider than 120 columns")
  func text() throws {
    try expectGolden(table.text, "comparison.txt")
    #expect(table.text.split(separator: "\n").allSatisfy { String($0).terminalWidth <= 120 })
    #expect(ComparisonTable([]).text == "no results\n")
  }

  @Test("One seed: no deviations, and room for all figures but one")
  func oneSeed() throws {
    let (records, _) = sample()
    let text = ComparisonTable(records.filter { $0.unit.seed == 0 }).text
    #expect(!text.contains("±") && text.contains("Shares in per cent.\n"))
    #expect(text.hasSuffix("\nColumns omitted (terminal too narrow):\n  clean images\n"))
    // The suspect: 291 of 300, 198 of 200, 1 of 200, and the 0.5 of doing nothing.
    let line = text.split(separator: "\n").first { $0.hasPrefix("  suspect") }
    #expect(
      line?.split(separator: " ").map(String.init)
        == ["suspect", "–", "97.00", "99.00", "0.50", "0.500"] + Array(repeating: "–", count: 5))
  }

  @Test("What does not fit is left out and named")
  func narrow() throws {
    var (records, _) = sample()
    for index in records.indices {
      records[index].unit.model = "模型 " + String(repeating: "name ", count: 40)
      records[index].unit.defense?.label = "一个很长的防御名称 that goes on for long"
      records[index].unit.detector?.label = "a detector with a long name"
    }
    let text = ComparisonTable(records).text
    #expect(text.split(separator: "\n").allSatisfy { String($0).terminalWidth <= 120 })
    #expect(
      text.contains("\nColumns omitted (terminal too narrow):\n  clean images, filtered attack, "))
    #expect(text.contains("  一个很长的防御名称 that goes …"))
    #expect(text.contains("AUROC") || text.contains("auroc"))
  }

  @Test("results.csv, summary.csv and costs.csv, whole")
  func csv() throws {
    try expectGolden(table.resultsCSV, "results.csv")
    try expectGolden(table.summaryCSV, "summary.csv")
    try expectGolden(table.costsCSV, "costs.csv")
  }

  @Test("results.md, whole")
  func markdown() throws {
    try expectGolden(table.markdown, "results.md")
    #expect(ComparisonTable([]).markdown == "No results.\n")
  }

  @Test("Costs are in costs.csv alone")
  func costs() {
    #expect(table.text == untimed.text)
    #expect(table.resultsCSV == untimed.resultsCSV)
    #expect(table.summaryCSV == untimed.summaryCSV)
    #expect(table.markdown == untimed.markdown)
    #expect(untimed.costsCSV == "key,seconds,peak_memory\n")
    // What a unit took that failed is known as well.
    #expect(table.costsCSV.split(separator: "\n").count == 1 + 16)
  }

  @Test("Numbers in CSV are those of the records, to the last bit")
  func precision() throws {
    let lines = table.resultsCSV.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let header = lines[0]
    let plain = zip(table.rows, lines.dropFirst()).filter {
      $0.0.model == "badnets" && $0.0.failure == nil
    }
    #expect(plain.count == 11)
    for (row, fields) in plain {
      #expect(fields.count == header.count && fields.last == row.key)
      for metric in ComparisonMetric.allCases where !metric.isCost {
        let field = fields[try #require(header.firstIndex(of: metric.rawValue))]
        #expect(Double(field) == row.values[metric])
      }
    }
  }

  @Test("Long reasons go on in the next line, to their end")
  func wrapping() {
    #expect("a bb ccc dddddddd".wrapped(6) == ["a bb", "ccc", "ddddd…"])
    let reason = Array(repeating: "word", count: 60).joined(separator: " ") + "; choose another"
    let unit = ComparisonUnit(model: "m", inputs: [:], defense: PluginChoice(name: "d"))
    let text = ComparisonTable([ComparisonRecord(unit, failure: reason)]).text
    #expect(text.contains(" choose another\n") && !text.contains("…"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }

  @Test("Failed seeds are counted, and means are those of the others")
  func failedSeeds() throws {
    let clp = try #require(table.summaries.first { $0.defense == "clp" && $0.model == "badnets" })
    #expect(clp.seeds == 1 && clp.failedSeeds == 1 && clp.failures.count == 1)
    #expect(clp.means[.cleanAccuracy] == 288.0 / 300 && clp.deviations.isEmpty)
    // 285 and 284 of 300: half a difference of 1 / 300 on either side, times the root of 2.
    let pruned = try #require(table.summaries.first { $0.repair == "2 %" && $0.detector == nil })
    #expect(abs((pruned.means[.cleanAccuracy] ?? 0) - 284.5 / 300) < 1e-15)
    #expect(abs((pruned.deviations[.cleanAccuracy] ?? 0) - 2.0.squareRoot() / 600) < 1e-15)
  }

  @Test(
    "A repaired model that a seed lacks counts as failed there, and no line is of some seeds alone")
  func lackingSeeds() throws {
    let choice = PluginChoice(name: "pruning")
    func record(_ seed: UInt64, _ titles: [String], failure: String? = nil) -> ComparisonRecord {
      let unit = ComparisonUnit(model: "m", inputs: [:], defense: choice, seed: seed)
      var record = ComparisonRecord(unit, failure: failure)
      record.rows = titles.map {
        .init(title: $0, model: .init(test: CleanCounts(correct: Int(seed), images: 10)))
      }
      return record
    }
    let table = ComparisonTable([
      record(1, [], failure: "broken"), record(2, ["2 %", "50 %"]), record(3, ["2 %"]),
    ])
    #expect(table.rows.map(\.repair) == ["", "2 %", "50 %", "2 %"])
    let (two, fifty) = (table.summaries[0], table.summaries[1])
    #expect(table.summaries.count == 2 && two.repair == "2 %" && fifty.repair == "50 %")
    #expect(two.seeds == 2 && two.failedSeeds == 1 && two.failures == ["broken"])
    #expect(fifty.seeds == 1 && fifty.failedSeeds == 2)
    #expect(fifty.failures == ["broken", "no such model with seed 3"])
    #expect(fifty.means[.cleanAccuracy] == 0.2 && two.means[.cleanAccuracy] == 0.25)
    let alone = ComparisonTable([record(1, [], failure: "broken")]).summaries
    #expect(alone.count == 1 && alone[0].repair.isEmpty && alone[0].failedSeeds == 1)
  }

  @Test(
    "Texts in CSV",
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("a \"b\"", "\"a \"\"b\"\"\""),
      ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@a, b", "\"'@a, b\""), ("a-b", "a-b"),
      ("a\nb\r\u{0}", "a\\u{a}b\\u{d}\\u{0}"), ("\t=1", "\\u{9}=1"),
      // A quotation mark with an accent is one still.
      ("a\"\u{301}b", "\"a\"\"\u{301}b\""), ("=\u{301}", "'=\u{301}"), (",\u{301}", "\",\u{301}\""),
    ])
  func fields(_ text: String, _ field: String) {
    #expect(Array(CSV.text(text).unicodeScalars) == Array(field.unicodeScalars))
  }

  @Test(
    "Texts in HTML, SVG and Markdown",
    arguments: [
      ("a & b", "a &amp; b", "a &amp; b"), ("<b>", "&lt;b&gt;", "&lt;b&gt;"),
      ("\"'", "&quot;&#39;", "\"'"), ("a|b", "a|b", "a\\|b"), ("a\\|b", "a\\|b", "a\\\\\\|b"),
      ("*a* _b_ `c`", "*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`"),
      ("[a](http://b)", "[a](http://b)", "\\[a\\](http\\://b)"),
      ("www.a.b", "www.a.b", "www\\.a.b"),
      ("a\nb\u{202E}", "a\\u{a}b\\u{202e}", "a\\\\u{a}b\\\\u{202e}"),
      ("<\u{301}\"\u{338}", "&lt;\u{301}&quot;\u{338}", "&lt;\u{301}\"\u{338}"),
    ])
  func markup(_ text: String, _ markup: String, _ markdown: String) {
    #expect(Array(text.markup.unicodeScalars) == Array(markup.unicodeScalars))
    #expect(Array(text.markdown.unicodeScalars) == Array(markdown.unicodeScalars))
  }
}
