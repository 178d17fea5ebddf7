/// The records of a comparison as rows, and these averaged over seeds.
public struct ComparisonTable: Sendable {
  /// One repaired model (or the suspect) with one detector (or none) and one seed; or a unit that failed.
  public struct Row: Sendable, Hashable {
    /// What the comparison calls the model.
    public var model: String
    /// The defense's label; nil for the suspect itself.
    public var defense: String?
    /// What tells the repaired model from others of the defense, such as "4 %".
    public var repair: String
    /// The label of the detector, data-set detector or verdict; nil for none.
    public var detector: String?
    /// Which of these it is; nil for none.
    public var kind: PluginKind?
    /// The seed.
    public var seed: UInt64
    /// The unit's key.
    public var key: String
    /// Why the unit failed; nil if it did not.
    public var failure: String?
    /// Whether it is still to be measured.
    public var isPending: Bool
    /// The figures that there are; of a unit that failed, what it took alone.
    public var values: [ComparisonMetric: Double]
  }

  /// The rows of all seeds of the same thing.
  public struct Summary: Sendable, Hashable {
    /// What the comparison calls the model.
    public var model: String
    /// The defense's label; nil for the suspect itself.
    public var defense: String?
    /// What tells the repaired model from others of the defense.
    public var repair: String
    /// The label of the detector, data-set detector or verdict; nil for none.
    public var detector: String?
    /// Which of these it is; nil for none.
    public var kind: PluginKind?
    /// How many seeds went well.
    public var seeds: Int
    /// How many seeds failed, or came out without this repaired model.
    public var failedSeeds: Int
    /// The reasons of those that failed, each once.
    public var failures: [String]
    /// The mean over seeds.
    public var means: [ComparisonMetric: Double]
    /// The standard deviation over seeds (n - 1); only where there are two seeds or more.
    public var deviations: [ComparisonMetric: Double]
  }

  /// All rows, in the order of the records.
  public let rows: [Row]
  /// One summary for all rows that differ in their seed alone, in the order of the first.
  public let summaries: [Summary]

  /// Makes the rows.
  ///
  /// - Parameters:
  ///   - records: The results, in the plan's order.
  ///   - costs: By key; units without have no ``ComparisonMetric/seconds``.
  public init(_ records: [ComparisonRecord], costs: [String: UnitCost] = [:]) {
    rows = records.flatMap { Self.rows(of: $0, costs[$0.key]) }
    summaries = Self.summaries(of: rows)
  }

  private static func rows(of record: ComparisonRecord, _ cost: UnitCost?) -> [Row] {
    let unit = record.unit
    func row(_ repair: String, _ values: [ComparisonMetric: Double]) -> Row {
      Row(
        model: unit.model, defense: unit.defense?.label, repair: repair,
        detector: unit.examiner?.choice.label, kind: unit.examiner?.kind,
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
      values[.cleanAccuracy] = answers.clean?.accuracy
      values[.attackSuccess] = answers.poisoned?.successRate
      values[.robustAccuracy] = answers.poisoned?.robustAccuracy
      values[.effectiveness] = record.suspect.flatMap {
        answers.result.effectiveness(against: $0.result)
      }
      if let detector = result.detector {
        values[.auroc] = detector.auroc
        values[.truePositives] = answers.poisoned?.flaggedShare
        values[.falsePositives] = answers.clean?.flaggedShare
        values[.filteredAccuracy] = answers.clean?.filteredAccuracy
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

  /// What is measured with several seeds.
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
    // A seed that failed counts with each of the repaired models that others have; it has a line of its
    // own where all failed.
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
  /// The counts as an evaluation has them.
  fileprivate var result: Evaluation.ModelResult {
    Evaluation.ModelResult(clean: clean, poisoned: poisoned.map { AttackCounts(counted: $0) })
  }
}
