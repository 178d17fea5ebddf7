internal import DefenseKit

/// What a comparison leaves for people and programs, made of the units' files.
struct ComparisonOutput {
  private let folder: ComparisonFolder
  private let units: [ComparisonUnit]

  init(_ folder: ComparisonFolder, _ units: [ComparisonUnit]) {
    (self.folder, self.units) = (folder, units)
  }

  /// Writes the files and prints the table.
  func write() throws {
    let records = try folder.records(of: units)
    let costs = Dictionary(
      uniqueKeysWithValues: units.compactMap { unit in folder.cost(of: unit).map { (unit.key, $0) }
      })
    let table = ComparisonTable(records, costs: costs)
    for summary in table.summaries {
      print(
        summary.model, summary.defense ?? "-", summary.repair, summary.detector ?? "-",
        summary.means[.cleanAccuracy] ?? -1, summary.means[.attackSuccess] ?? -1,
        summary.means[.effectiveness] ?? -1, summary.means[.auroc] ?? -1,
        summary.means[.seconds] ?? -1, (summary.means[.peakMemory] ?? 0) / 1e6, summary.failures)
    }
  }
}
