import Foundation
import Testing

@testable import DefenseKit

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Charts")
struct ChartTests {
  private static let tradeOff = TradeOffChart(
    title: "badnets, <goodnet>", subtitle: "two seeds",
    points: [
      .init(label: "suspect", attackSuccess: 1, cleanAccuracy: 0.97, role: .suspect),
      .init(
        label: "fine-pruning 4 %", attackSuccess: 0.25, cleanAccuracy: 0.93,
        deviations: .init(attackSuccess: 0.05, cleanAccuracy: 0.01), role: .repaired(0)),
      .init(
        label: "suspect with goodnet", attackSuccess: 0.5, cleanAccuracy: 0.95,
        role: .filteredSuspect),
      .init(label: "clp", attackSuccess: 0, cleanAccuracy: 0.96, role: .repaired(6)),
    ])
  private static let roc = ROCChart(
    title: "badnets, strip",
    curves: [
      .init(
        label: "suspect",
        points: [(0, 0), (0, 0.5), (0.1, 0.5), (0.1, 1), (1, 1)].map(ROCPoint.init), area: 0.95,
        decision: ROCPoint(falsePositives: 0.1, truePositives: 0.5), role: .suspect),
      .init(
        label: "clp", points: [(0, 0), (1, 1)].map(ROCPoint.init), area: 0.5,
        role: .repaired(6)),
    ])
  private static let histogram = HistogramChart(
    title: "strip, suspect",
    ScoreHistogram(low: -2, high: 2, test: [4, 4, 0, 0], poisoned: [0, 1, 1, 2]))
  private static let classes = ClassChart(
    title: "badnets, by class",
    series: [
      .init(
        label: "suspect", counts: [(9, 10), (8, 10), (0, 0)].map(ClassCounts.init), role: .suspect),
      .init(
        label: "clp", counts: [(10, 10), (6, 10), (0, 0)].map(ClassCounts.init), role: .repaired(6)),
    ])

  @Test("Every chart, whole")
  func golden() throws {
    try expectGolden(Self.tradeOff.svg, "trade-off.svg")
    try expectGolden(Self.roc.svg, "roc.svg")
    try expectGolden(Self.histogram.svg, "histogram.svg")
    try expectGolden(Self.classes.svg, "classes.svg")
  }

  @Test("Figures in words")
  func words() {
    #expect(
      Self.tradeOff.summary
        == "suspect: clean accuracy 97.00 %, attack success 100.00 %; fine-pruning 4 %: clean accuracy "
        + "93.00 %, attack success 25.00 %; suspect with goodnet: clean accuracy 95.00 %, attack success "
        + "50.00 %; clp: clean accuracy 96.00 %, attack success 0.00 %.")
    #expect(
      Self.roc.summary
        == "suspect: area 0.9500, flags 50.00 % of triggered images and 10.00 % of clean ones; clp: area "
        + "0.5000.")
    // The parts' middles are -1.5, -0.5, 0.5 and 1.5.
    #expect(
      Self.histogram.summary
        == "Scores from -2 to 2. 8 test images: median score about -1.5, quartiles about -1.5 and "
        + "-0.5. 4 poisoned images: median score about 0.5, quartiles about -0.5 and 1.5.")
    #expect(
      Self.classes.summary
        == "suspect: worst class 1 80.00 %, class 0 90.00 %; best class 0 90.00 %; mean of 2 classes "
        + "85.00 %. clp: worst class 1 60.00 %, class 0 100.00 %; best class 0 100.00 %; mean of 2 "
        + "classes 80.00 %.")
  }

  @Test("In a page ids are those of the chart, and the style is the page's")
  func element() {
    let element = Self.tradeOff.element(id: "chart-3")
    #expect(element.contains("aria-labelledby=\"chart-3-title chart-3-summary\""))
    #expect(element.contains("<title id=\"chart-3-title\">badnets, &lt;goodnet&gt;</title>"))
    #expect(!element.contains("<style") && !element.contains("#"))
    #expect(Self.tradeOff.svg.contains("#0072b2") && !Self.tradeOff.svg.contains("var("))
    #expect(ChartStyle.pageRules.contains("stroke: var(--chart-0, #0072b2)"))
  }

  @Test("Charts are XML with a name and a description, at their extremes too")
  func xml() {
    let many = (0..<1283).map { ClassCounts(correct: $0 % 11, images: $0 % 3 == 0 ? 0 : 10) }
    let hostile = "\"\u{301}<\u{301}script>&\u{0}\u{202E}]]>" + String(repeating: "x", count: 300)
    let extreme = [
      ScoreHistogram(low: 1, high: 1, test: [3, 0], poisoned: [0, 0]),
      ScoreHistogram(low: -1e308, high: 1e308, test: [1, 2], poisoned: [2, 1]),
      ScoreHistogram(low: 1e30, high: 1.000001e30, test: [1, 2], poisoned: [2, 1]),
      ScoreHistogram(low: 1e-30, high: 3e-30, test: [], poisoned: []),
      ScoreHistogram(low: 0, high: -1, test: [1], poisoned: [1, 2, 3]),
    ]
    let charts: [any Chart] =
      [
        Self.tradeOff, Self.roc, Self.histogram, Self.classes,
        TradeOffChart(title: hostile, subtitle: hostile, points: []),
        TradeOffChart(
          title: "",
          points: [.init(label: hostile, attackSuccess: -3, cleanAccuracy: .nan, role: .suspect)]),
        ROCChart(title: hostile, curves: [.init(label: hostile, points: [], role: .repaired(-3))]),
        ClassChart(
          title: hostile, series: [.init(label: hostile, counts: many, role: .repaired(9))]),
        ClassChart(title: hostile, series: []),
        CurveChart(
          title: hostile,
          curve: .init(layer: hostile, order: [], clean: [], test: [0.5], poisoned: []),
          marks: [.init(label: hostile, pruned: 0), .init(label: hostile, pruned: 7)]),
      ] + extreme.map { HistogramChart(title: hostile, $0) }
    for chart in charts {
      let parser = XMLParser(data: Data(chart.svg.utf8))
      #expect(parser.parse(), "\(chart): \(String(describing: parser.parserError))")
      #expect(chart.svg.components(separatedBy: "role=\"img\"").count == 2)
      #expect(!chart.svg.contains("nan") && !chart.svg.contains("inf"))
      // A file of many classes stays small.
      #expect(chart.svg.utf8.count < 14_000)
    }
  }

  @Test("Many classes are ranked, few have a row each")
  func manyClasses() {
    let counts = (0..<41).map { ClassCounts(correct: $0, images: 40) }
    func chart(_ count: Int) -> ClassChart {
      ClassChart(
        title: "", series: [.init(label: "a", counts: Array(counts.prefix(count)), role: .suspect)])
    }
    #expect(chart(40).svg.components(separatedBy: "class=\"mark ").count - 1 == 40 + 1)
    #expect(chart(41).svg.components(separatedBy: "class=\"mark ").count - 1 == 0)
    #expect(chart(41).svg.contains("Classes, from worst to best for each model"))
  }

  @Test("A line's way leaves out what does not bend it")
  func paths() {
    #expect(path([]) == "")
    #expect(path([(1, 2)]) == "M1 2")
    #expect(path([(0, 0), (1, 0), (2.04, 0), (5, 0), (5, 3), (6, 4), (7, 5)]) == "M0 0h5v3l2 2")
    // There and back again are two pieces.
    #expect(path([(0, 0), (5, 0), (2, 0)]) == "M0 0h5h-3")
  }

  @Test("Axes have round numbers")
  func axes() {
    func texts(_ axis: ChartAxis) -> [String] { axis.ticks.map(axis.text) }
    #expect(texts(.shares("")) == ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"])
    #expect(texts(.shares("", from: 0.93)) == ["90 %", "92 %", "94 %", "96 %", "98 %", "100 %"])
    #expect(texts(.shares("", from: 0.985)) == ["98 %", "98.5 %", "99 %", "99.5 %", "100 %"])
    #expect(texts(.shares("", from: -1)).first == "0 %")
    #expect(texts(.shares("", upTo: 0.13)) == ["0 %", "5 %", "10 %", "15 %"])
    #expect(texts(.shares("", upTo: 1)) == ["0 %", "50 %", "100 %"])
    #expect(texts(.numbers("", -1.3, 2.9)) == ["0", "2"])
    #expect(texts(.numbers("", 1234.1, 1236.2)) == ["1235", "1236"])
    #expect(texts(.numbers("", 0.001, 0.0031)) == ["0.001", "0.002", "0.003"])
    #expect(texts(.numbers("", 3, 3)).contains("3"))
  }

  /// The amounts of red, green and blue light of a colour such as "#0072b2", 0 to 1.
  private func light(_ colour: String) -> [Double] {
    let digits = Array(colour.dropFirst())
    return [0, 2, 4].map { place in
      let value = Double(Int(String(digits[place...place + 1]), radix: 16) ?? 0) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
  }

  /// The relative luminance of a colour (WCAG 2.2).
  private func luminance(_ colour: String) -> Double {
    zip([0.2126, 0.7152, 0.0722], light(colour)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// A colour in CIE L*a*b* (D65), as somebody sees it whose vision is this matrix on light.
  private func seen(_ colour: String, _ vision: [[Double]]) -> [Double] {
    func applied(_ matrix: [[Double]], _ light: [Double]) -> [Double] {
      matrix.map { zip($0, light).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    let rgb = applied(vision, light(colour)).map { max(0, min(1, $0)) }
    let xyz = applied(
      [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], rgb)
    let f = zip(xyz, [0.95047, 1, 1.08883]).map { value, white in
      let share = value / white
      return share > 216.0 / 24389 ? cbrt(share) : (24389.0 / 27 * share + 16) / 116
    }
    return [116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])]
  }

  /// Matrices for full dichromacy of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
  /// Color Vision Deficiency", 2009.
  private static let visions: [(name: String, matrix: [[Double]], least: Double)] = [
    ("normal", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], 13),
    (
      "protanopia",
      [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
      ], 13
    ),
    (
      "deuteranopia",
      [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
      ], 13
    ),
    // One in ten thousand has it.
    (
      "tritanopia",
      [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
      ], 11
    ),
  ]

  @Test("No two colours look alike, to the colour-blind either", arguments: [true, false])
  func colourBlind(isLight: Bool) throws {
    let ink = try #require(ChartStyle.plain.first { $0.name == "ink" })
    let colours = ([ink] + ChartStyle.series).map { isLight ? $0.light : $0.dark }
    for vision in Self.visions {
      let seen = colours.map { self.seen($0, vision.matrix) }
      for one in seen.indices {
        for other in seen.indices where one < other {
          let square = zip(seen[one], seen[other]).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
          // About two is what is just noticed side by side.
          #expect(
            square.squareRoot() >= vision.least,
            "\(colours[one]) and \(colours[other]), \(vision.name)")
        }
      }
    }
  }

  private func contrast(_ a: String, _ b: String) -> Double {
    let (a, b) = (luminance(a), luminance(b))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }

  @Test("Colours stand out from their ground: text 4.5 : 1, lines 3 : 1", arguments: [true, false])
  func contrasts(isLight: Bool) throws {
    func value(_ colour: ChartStyle.Colour) -> String { isLight ? colour.light : colour.dark }
    let plain = Dictionary(
      uniqueKeysWithValues: ChartStyle.plain.map { ($0.name, value($0)) })
    let ground = try #require(plain["ground"])
    for name in ["ink", "muted"] {
      #expect(contrast(try #require(plain[name]), ground) >= 4.5, "\(name)")
    }
    for colour in ChartStyle.series {
      #expect(contrast(value(colour), ground) >= 3, "series \(colour.name)")
    }
    #expect(ChartStyle.dashes.count == ChartStyle.series.count)
    #expect(Set(ChartStyle.dashes).count == ChartStyle.dashes.count)
  }
}
