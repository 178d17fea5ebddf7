public import DefenseKit
internal import Foundation

/// The results of a comparison as one self-contained HTML page, and its charts as files.
///
/// ```swift
/// let report = ComparisonReport(title: "Three attacks", records: records, costs: costs)
/// try AtomicFile.write(report.html, to: "report.html")
/// ```
///
/// The page loads nothing: style, script and pictures are part of it, and its content security
/// policy forbids everything else. All texts of models and plans are escaped, with hidden
/// characters made visible as in messages.
public struct ComparisonReport: Sendable {
  /// A fact about the run: its number of threads, for example.
  public struct Note: Sendable, Hashable {
    /// The heading of the fact.
    public var name: String
    /// The fact as text.
    public var value: String

    /// Creates a note.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The page's heading.
  public let title: String
  /// The results, in the plan's order.
  public let records: [ComparisonRecord]
  /// The units' costs, by key.
  public let costs: [String: UnitCost]
  /// Further facts about the run.
  public let notes: [Note]

  let table: ComparisonTable
  let models: [ModelResults]

  /// Creates a report.
  ///
  /// - Parameters:
  ///   - title: The page's heading.
  ///   - records: The results, in the plan's order.
  ///   - costs: The units' costs, by key.
  ///   - notes: Facts about the run for the page: the command, the plan, the machine.
  public init(
    title: String = "Comparison of defenses", records: [ComparisonRecord],
    costs: [String: UnitCost] = [:], notes: [Note] = []
  ) {
    self.title = title
    self.records = records
    self.costs = costs
    self.notes = notes
    table = ComparisonTable(records, costs: costs)
    models = ModelResults.all(records, table)
  }

  /// The page, to be written in UTF-8.
  ///
  /// Equal results and costs give equal bytes.
  public var html: String { Template.page("page", context) }

  /// All charts of the page as standalone files with unique names: "badnets-roc-goodnet.svg", for
  /// example.
  public var charts: [(file: String, svg: String)] {
    var names = NameSet()
    return models.flatMap(\.charts).map { item in
      let name = names.take(item.file) { "\(item.file)-\($0)" }
      return ("\(name).svg", item.chart.svg)
    }
  }
}
