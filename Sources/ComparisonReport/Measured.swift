internal import DefenseKit

/// A detector's figures for one model.
struct Measured: Sendable {
  let detector: String
  let treatment: Treatment
  let role: ChartRole
  let seed: UInt64
  let figures: ComparisonRecord.DetectorFigures

  /// Returns the figures of every detector for every repaired model, of the first successful seed.
  static func firstSeeds(
    of records: [ComparisonRecord], _ roles: [Treatment: ChartRole]
  ) -> [Measured] {
    struct Name: Hashable {
      let detector: String
      let treatment: Treatment
    }
    var seen: Set<Name> = []
    var result: [Measured] = []
    for record in records where record.failure == nil {
      guard let detector = record.unit.plugins[.detector]?.label else { continue }
      for row in record.rows {
        let treatment = Treatment(record.unit.defense?.label, row.title)
        guard let figures = row.detector,
          seen.insert(Name(detector: detector, treatment: treatment)).inserted
        else { continue }
        result.append(
          Measured(
            detector: detector, treatment: treatment, role: roles[treatment] ?? .suspect,
            seed: record.unit.seed, figures: figures))
      }
    }
    return result
  }
}
