private import ComparisonReport
internal import DefenseKit
private import Foundation

/// The results of a comparison for people and programs, derived from the units' files.
///
///     results.csv        a line for every result
///     summary.csv        means and standard deviations over seeds
///     results.md         the same as tables
///     charts/*.svg       the charts of the report
///     costs.csv          seconds and memory
///     report.html        everything on one page
///
/// Equal units give equal bytes in all files except the last two.
struct ComparisonOutput {
  private let folder: ComparisonFolder
  private let records: [ComparisonRecord]
  private let notes: [ComparisonReport.Note]

  /// Creates an output for a comparison.
  ///
  /// - Parameters:
  ///   - folder: The folder to write to.
  ///   - records: The results of all units, in the plan's order.
  ///   - arguments: The command's arguments, for the report.
  ///   - settings: Settings that do not affect results, for the report.
  init(
    _ folder: ComparisonFolder, _ records: [ComparisonRecord], arguments: [String],
    settings: [(name: String, value: String)] = []
  ) {
    (self.folder, self.records) = (folder, records)
    notes =
      [.init("Command", ([programName] + arguments).map(shellWord).joined(separator: " "))]
      + settings.map { .init($0.name, $0.value) } + [
        .init("Date", Date().formatted(.iso8601)),
        .init("DefenseKit", defenseKitVersion),
        .init("System", ProcessInfo.processInfo.operatingSystemVersionString),
        .init("Instructions", Executor.instructionSet),
      ]
  }

  /// Writes the files and prints the table.
  func write() throws {
    var costs: [String: UnitCost] = [:]
    for record in records { costs[record.key] = folder.cost(of: record.unit) }
    let table = ComparisonTable(records, costs: costs)
    let report = ComparisonReport(records: records, costs: costs, notes: notes)
    let path = folder.path
    for (name, text) in [
      ("results.csv", table.resultsCSV), ("summary.csv", table.summaryCSV),
      ("results.md", table.markdown), ("costs.csv", table.costsCSV), ("report.html", report.html),
    ] {
      try AtomicFile.write(text, to: "\(path)/\(name)")
    }
    try folder.makeFolder("charts")
    for (name, svg) in report.charts { try AtomicFile.write(svg, to: "\(path)/charts/\(name)") }
    try StandardOutput.write(
      table.text
        + "\nAll results are in \(path): report.html for reading, results.csv and summary.csv for "
        + "programs.\n"
    )
  }
}
