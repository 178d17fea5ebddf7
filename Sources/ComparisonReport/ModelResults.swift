internal import DefenseKit

/// The results and charts of one model of a comparison.
struct ModelResults: Sendable {
  /// The model's name in the comparison.
  let name: String
  /// The records of the model's units, in the plan's order.
  let records: [ComparisonRecord]
  /// The summaries of the model's records.
  let summaries: [ComparisonTable.Summary]
  /// The model's charts, in the order of the page.
  let charts: [ReportChart]

  /// Groups records and summaries by model, in order of first occurrence.
  static func all(_ records: [ComparisonRecord], _ table: ComparisonTable) -> [ModelResults] {
    let byModel = Dictionary(grouping: records, by: \.unit.model)
    let summaries = Dictionary(grouping: table.summaries, by: \.model)
    return records.map(\.unit.model).distinct.map { model in
      let (records, summaries) = (byModel[model] ?? [], summaries[model] ?? [])
      return ModelResults(
        name: model, records: records, summaries: summaries,
        charts: ReportChart.all(model, records, summaries))
    }
  }

  /// The summary of the suspect alone, if any seed succeeded.
  var suspect: ComparisonTable.Summary? {
    summaries.first { $0.isSuspect && $0.seeds > 0 }
  }

  /// The summary with the best defense effectiveness, except the suspect's, the first of equals;
  /// nil if none exceeds 0.5, the value of doing nothing.
  var best: ComparisonTable.Summary? {
    best(.effectiveness) {
      !$0.isSuspect && $0.means[.effectiveness] ?? 0 > 0.5
    }
  }

  /// The detector summary with the largest AUROC, the first of equals.
  var bestDetector: ComparisonTable.Summary? { best(.auroc) { $0.kind == .detector } }

  private func best(
    _ metric: ComparisonMetric, where isMeant: (ComparisonTable.Summary) -> Bool
  ) -> ComparisonTable.Summary? {
    summaries.filter(isMeant).reduce(nil) { best, next in
      guard let value = next.means[metric] else { return best }
      return value > best?.means[metric] ?? -1 ? next : best
    }
  }
}

extension ComparisonTable.Summary {
  /// Whether this is the suspect alone.
  var isSuspect: Bool { defense == nil && detector == nil }
}

extension Sequence where Element: Hashable {
  /// Each element once, in order of first occurrence.
  var distinct: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
