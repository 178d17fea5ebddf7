/// The records of a comparison as rows, and their means over seeds.
public struct ComparisonTable: Sendable {
  /// The results of one repaired model (or the suspect), at most one detector and one seed; or a
  /// unit that failed.
  public struct Row: Sendable, Hashable {
    /// The model's name in the comparison.
    public var model: String
    /// The defense's label; nil for the suspect itself.
    public var defense: String?
    /// Distinguishes the repaired model from others of the defense ("4 %"); empty for an only one.
    public var repair: String
    /// The label of the detector, data-set detector or verdict; nil for none.
    public var detector: String?
    /// The kind of that plugin; nil for none.
    public var kind: PluginKind?
    /// The seed.
    public var seed: UInt64
    /// The unit's key.
    public var key: String
    /// The reason for a failure; nil if the unit succeeded.
    public var failure: String?
    /// Whether the unit is not measured yet.
    public var isPending: Bool
    /// The available metrics; only the costs for a failed unit.
    public var values: [ComparisonMetric: Double]
  }

  /// The rows that differ only in their seeds, averaged.
  public struct Summary: Sendable, Hashable {
    /// The model's name in the comparison.
    public var model: String
    /// The defense's label; nil for the suspect itself.
    public var defense: String?
    /// Distinguishes the repaired model from others of the defense; empty for an only one.
    public var repair: String
    /// The label of the detector, data-set detector or verdict; nil for none.
    public var detector: String?
    /// The kind of that plugin; nil for none.
    public var kind: PluginKind?
    /// The number of seeds with a result.
    public var seeds: Int
    /// The number of seeds that failed or have no such repaired model.
    public var failedSeeds: Int
    /// The reasons for failures, each once.
    public var failures: [String]
    /// The means over seeds.
    public var means: [ComparisonMetric: Double]
    /// The standard deviations over seeds (n - 1); empty for fewer than two seeds.
    public var deviations: [ComparisonMetric: Double]
  }

  /// All rows, in the order of the records.
  public let rows: [Row]
  /// One summary for all rows that differ only in their seeds, in the order of their first rows.
  public let summaries: [Summary]

  /// Creates the table of a comparison.
  ///
  /// - Parameters:
  ///   - records: The results, in the plan's order.
  ///   - costs: The costs by unit key; a unit without an entry has no cost metrics.
  public init(_ records: [ComparisonRecord], costs: [String: UnitCost] = [:]) {
    rows = records.flatMap { Self.rows(of: $0, costs[$0.key]) }
    summaries = Self.summaries(of: rows)
  }

  private static func rows(of record: ComparisonRecord, _ cost: UnitCost?) -> [Row] {
    let unit = record.unit
    func row(_ repair: String, _ values: [ComparisonMetric: Double]) -> Row {
      Row(
        model: unit.model, defense: unit.defense?.label, repair: repair,
        detector: unit.otherPlugin?.choice.label, kind: unit.otherPlugin?.kind,
        seed: unit.seed, key: record.key, failure: record.failure,
        isPending: record.isPending, values: values)
    }
    var costs: [ComparisonMetric: Double] = [:]
    costs[.seconds] = cost?.seconds
    costs[.peakMemory] = cost.map { Double($0.peakMemory) }
    guard record.failure == nil else { return [row("", costs)] }
    return record.rows.map { result in
      var values = costs
      let answers = result.detector?.answers ?? result.model
      values[.cleanAccuracy] = answers.test?.accuracy
      values[.attackSuccess] = answers.poisoned?.successRate
      values[.robustAccuracy] = answers.poisoned?.robustAccuracy
      values[.effectiveness] = record.suspect.flatMap {
        answers.result.effectiveness(against: $0.result)
      }
      if let detector = result.detector {
        values[.auroc] = detector.auroc
        values[.truePositives] = answers.poisoned?.flaggedShare
        values[.falsePositives] = answers.test?.flaggedShare
        values[.filteredAccuracy] = answers.test?.filteredAccuracy
        values[.filteredAttackSuccess] = answers.poisoned?.filteredSuccessRate
      }
      if let verdict = result.verdict {
        if verdict.statistic.isFinite { values[.statistic] = verdict.statistic }
        values[.backdoored] = verdict.isBackdoored ? 1 : 0
      }
      if let dataSet = result.dataSet {
        values[.auroc] = dataSet.auroc
        values[.truePositives] = dataSet.truePositiveRate
        values[.falsePositives] = dataSet.falsePositiveRate
      }
      values[.cleanSamples] = Double(result.cleanSamples)
      return row(result.title, values)
    }
  }

  /// All that identifies a measurement except for the repaired model and the seed.
  private struct Subject: Hashable {
    let model: String
    let defense: String?
    let detector: String?
    let kind: PluginKind?

    init(_ row: Row) {
      (model, defense, detector, kind) = (row.model, row.defense, row.detector, row.kind)
    }
  }

  private struct Group: Hashable {
    let subject: Subject
    let repair: String

    init(_ row: Row) { (subject, repair) = (Subject(row), row.repair) }
  }

  private static func summaries(of rows: [Row]) -> [Summary] {
    let bySubject = Dictionary(grouping: rows, by: Subject.init)
    let byGroup = Dictionary(grouping: rows.filter { $0.failure == nil }, by: Group.init)
    var seen: Set<Group> = []
    // A failed seed counts for each repaired model that other seeds have; it has a summary of its
    // own only if all seeds failed.
    var subjects: Set<Subject> = []
    let order = rows.map(Subject.init).filter { subjects.insert($0).inserted }.flatMap { subject in
      let all = bySubject[subject] ?? []
      let good = all.filter { $0.failure == nil }
      return (good.isEmpty ? all : good).map(Group.init)
    }.filter { seen.insert($0).inserted }
    return order.map { group in
      let good = byGroup[group] ?? []
      let isGood = Set(good.map(\.seed))
      let others = (bySubject[group.subject] ?? []).filter { !isGood.contains($0.seed) }
      var summary = Summary(
        model: group.subject.model, defense: group.subject.defense, repair: group.repair,
        detector: group.subject.detector, kind: group.subject.kind, seeds: good.count,
        failedSeeds: Set(others.map(\.seed)).count, failures: [], means: [:], deviations: [:])
      for row in others {
        let reason = row.failure ?? "no such model with seed \(row.seed)"
        if !summary.failures.contains(reason) { summary.failures.append(reason) }
      }
      for metric in ComparisonMetric.allCases {
        let values = good.compactMap { $0.values[metric] }
        guard !values.isEmpty else { continue }
        let mean = values.reduce(0, +) / Double(values.count)
        summary.means[metric] = mean
        guard values.count > 1 else { continue }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        summary.deviations[metric] = (squares / Double(values.count - 1)).squareRoot()
      }
      return summary
    }
  }
}

extension ComparisonRecord.ModelFigures {
  /// The counts as an evaluation's result.
  fileprivate var result: Evaluation.ModelResult {
    Evaluation.ModelResult(test: test, poisoned: poisoned.map { AttackCounts(counted: $0) })
  }
}
