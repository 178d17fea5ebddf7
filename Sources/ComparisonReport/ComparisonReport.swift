public import DefenseKit
internal import Foundation

/// The results of a comparison as one HTML page that needs nothing else, and its charts as files.
///
/// ```swift
/// let report = ComparisonReport(title: "Three attacks", records: records, costs: costs)
/// try AtomicFile.write(report.html, to: "report.html")
/// ```
///
/// The page loads nothing: style, script and pictures are part of it, and a policy in it forbids the rest. All
/// texts of models and plans are escaped, and hidden characters in them are shown as in messages.
public struct ComparisonReport: Sendable {
  /// Something to know about the run, such as how many threads it had.
  public struct Note: Sendable, Hashable {
    /// What it is.
    public var name: String
    /// What there is to say.
    public var value: String

    /// Creates a note.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The page's heading.
  public let title: String
  /// The results.
  public let records: [ComparisonRecord]
  /// What the units took, by key.
  public let costs: [String: UnitCost]
  /// What there is to know about the run beside.
  public let notes: [Note]

  let table: ComparisonTable
  let models: [ModelResults]

  /// Prepares a report.
  ///
  /// - Parameters:
  ///   - title: The page's heading.
  ///   - records: The results, in the plan's order.
  ///   - costs: What the units took, by key.
  ///   - notes: What the page is to say about the run: the command, the plan, the machine.
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

  /// The page, UTF-8 when it is written.
  ///
  /// Equal results and costs give equal bytes.
  public var html: String { Template.page(context) }

  /// All charts of the page as files that stand alone, with names such as
  /// "badnets-roc-goodnet.svg", each once.
  public var charts: [(file: String, svg: String)] {
    var names = NameSet()
    return models.flatMap(\.charts).map { item in
      let name = names.take(item.file) { "\(item.file)-\($0)" }
      return ("\(name).svg", item.chart.svg)
    }
  }
}
