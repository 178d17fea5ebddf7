/// The colours of charts, for files and for pages.
///
/// Files have the colours in the rules, because few programs besides browsers support custom
/// properties. In pages, the rules refer to custom properties (`--chart-ink`, for example), which
/// are set for light and dark mode; the light colour is the fallback.
package enum ChartStyle {
  /// A named colour, for light and dark backgrounds.
  struct Colour: Sendable {
    let name: String
    let light: String
    let dark: String
  }

  /// Colours of everything except data.
  static let plain = [
    Colour(name: "ground", light: "#ffffff", dark: "#171b20"),
    Colour(name: "ink", light: "#1c2126", dark: "#e6e9ec"),
    Colour(name: "muted", light: "#5b646d", dark: "#a0a9b2"),
    Colour(name: "grid", light: "#e3e6e9", dark: "#2d343b"),
  ]

  /// The colours of lines and marks by number; the suspect has the colour of the text.
  ///
  /// The first two are Okabe and Ito's ("Color Universal Design", 2008). A search chose the others
  /// for a large distance from each other, including for readers who lack one type of cones.
  static let series = [
    Colour(name: "0", light: "#0072b2", dark: "#56b4e9"),
    Colour(name: "1", light: "#d55e00", dark: "#f58a4b"),
    Colour(name: "2", light: "#028f69", dark: "#11b584"),
    Colour(name: "3", light: "#954271", dark: "#966b80"),
    Colour(name: "4", light: "#814d00", dark: "#eba00f"),
    Colour(name: "5", light: "#014171", dark: "#068dbc"),
    Colour(name: "6", light: "#413c00", dark: "#6e7b00"),
    Colour(name: "7", light: "#6d0c47", dark: "#725f93"),
  ]

  /// The dashes of the series' lines, as values of `stroke-dasharray`; nil for a solid line.
  static let dashes: [String?] = [
    nil, "7 3", "2 3", "10 3 2 3", "14 4", "4 2", "10 3 2 3 2 3", "1 3 5 3",
  ]

  /// The CSS rules of a file.
  static let fileRules = rules(\.light)

  /// The CSS rules of a page.
  package static let pageRules =
    ":root {\n\(properties(\.light))}\n@media screen and (prefers-color-scheme: dark) {\n  :root {\n"
    + "\(properties(\.dark))  }\n}\n" + rules { "var(--chart-\($0.name), \($0.light))" }

  private static func properties(_ value: (Colour) -> String) -> String {
    (plain + series).map { "  --chart-\($0.name): \(value($0));\n" }.joined()
  }

  private static func rules(_ value: (Colour) -> String) -> String {
    let colours = Dictionary(uniqueKeysWithValues: plain.map { ($0.name, value($0)) })
    func colour(_ name: String) -> String { colours[name] ?? "" }
    var rules = """
      .chart { font: 12px Helvetica, Arial, "Liberation Sans", sans-serif; fill: \(colour("ink")); }
      .chart .title { font-size: 15px; font-weight: 600; }
      .chart .muted { fill: \(colour("muted")); }
      .chart .ground { fill: \(colour("ground")); }
      .chart .middle { text-anchor: middle; }
      .chart .end { text-anchor: end; }
      .chart .halo { stroke: \(colour("ground")); stroke-width: 4; paint-order: stroke; }
      .chart .grid { fill: none; stroke: \(colour("grid")); }
      .chart .axis { fill: none; stroke: \(colour("muted")); }
      .chart .guide { fill: none; stroke: \(colour("muted")); stroke-dasharray: 5 4; }
      .chart .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
      .chart .outline { fill: none; stroke-width: 2.4; stroke-linejoin: round; }
      .chart .spread { fill: none; stroke-width: 1.2; }
      .chart .area { stroke-width: 1.2; fill-opacity: 0.35; }
      .chart .mark { fill: \(colour("ground")); stroke-width: 2; stroke-linejoin: round; }
      .chart .suspect { stroke: \(colour("ink")); }
      .chart .dotted { stroke: \(colour("muted")); stroke-dasharray: 2 4; }

      """
    for (index, (series, dash)) in zip(series, dashes).enumerated() {
      rules += ".chart .series-\(index) { stroke: \(value(series)); }\n"
      if let dash { rules += ".chart .line.series-\(index) { stroke-dasharray: \(dash); }\n" }
    }
    return rules + ".chart .area.series-0 { fill: \(value(series[0])); }\n"
  }
}
