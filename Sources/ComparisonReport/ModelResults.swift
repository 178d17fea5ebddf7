internal import DefenseKit

/// What a comparison found out about one model, with its charts.
struct ModelResults: Sendable {
  /// What the comparison calls the model.
  let name: String
  /// The records of its units, in the plan's order.
  let records: [ComparisonRecord]
  /// Its summaries.
  let summaries: [ComparisonTable.Summary]
  /// Its charts, in the order of the page.
  let charts: [ReportChart]

  /// Sorts records and summaries by model, in the order in which models occur.
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

  /// How the suspect does by itself.
  var suspect: ComparisonTable.Summary? {
    summaries.first { $0.isSuspect && $0.seeds > 0 }
  }

  /// The summary with the best effectiveness among those of defenses and detectors, the first of equals; nil where
  /// none does better than nothing.
  var best: ComparisonTable.Summary? {
    best(.effectiveness) {
      !$0.isSuspect && $0.means[.effectiveness] ?? 0 > 0.5
    }
  }

  /// The summary with the largest AUROC, the first of equals.
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
  /// Whether it is the suspect by itself.
  var isSuspect: Bool { defense == nil && detector == nil }
}

extension Sequence where Element: Hashable {
  /// Each element once, in the order of the first.
  var distinct: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
