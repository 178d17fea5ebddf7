private import ComparisonReport
internal import DefenseKit
private import Foundation

/// What a comparison leaves for people and programs, made of the units' files.
///
///     results.csv        a line for every result
///     summary.csv        means and standard deviations over seeds
///     results.md         the same as tables
///     charts/*.svg       the charts of the report
///     costs.csv          seconds and memory
///     report.html        everything on one page
///
/// All but the last two are the same bytes for the same units.
struct ComparisonOutput {
  private let folder: ComparisonFolder
  private let units: [ComparisonUnit]
  private let notes: [ComparisonReport.Note]

  /// - Parameter arguments: The command's arguments, for the report.
  init(_ folder: ComparisonFolder, _ units: [ComparisonUnit], arguments: [String]) {
    (self.folder, self.units) = (folder, units)
    notes = [
      .init("Command", ([programName] + arguments).joined(separator: " ")),
      .init("DefenseKit", defenseKitVersion),
      .init("System", ProcessInfo.processInfo.operatingSystemVersionString),
      .init("Instructions", Executor.instructionSet),
    ]
  }

  /// Writes the files and prints the table, if all units are done.
  func write() throws {
    let records = try folder.records(of: units)
    guard records.count == units.count else { return }
    var costs: [String: UnitCost] = [:]
    for unit in units { costs[unit.key] = folder.cost(of: unit) }
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
        + "\nEverything is in \(path): report.html for reading, results.csv and summary.csv for programs.\n"
    )
  }
}
