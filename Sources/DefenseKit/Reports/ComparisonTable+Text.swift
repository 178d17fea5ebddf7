internal import ModelIO

extension ComparisonTable {
  /// The columns that a terminal may be wide.
  static let textWidth = 120

  /// The summaries as a table of at most 120 columns for a terminal, ended by a line feed.
  ///
  /// Under each model's name stands a line for every repaired model, without and with each detector.
  /// Shares are per cent; where there are several seeds, means with their standard deviation. What has no
  /// figure at all is left out, and so is what does not fit, which the last lines name.
  public var text: String {
    guard !summaries.isEmpty else { return "no results\n" }
    var metrics = ComparisonMetric.allCases.filter { metric in
      !metric.isCost && summaries.contains { $0.means[metric] != nil }
    }
    var left: [ComparisonMetric] = []
    var table = table(metrics)
    for metric in ComparisonMetric.leastNeededFirst where table.width > Self.textWidth {
      guard let index = metrics.firstIndex(of: metric) else { continue }
      left.append(metrics.remove(at: index))
      table = self.table(metrics)
    }
    return table.text + notes(metrics, leftOut: left)
  }

  private func table(_ metrics: [ComparisonMetric]) -> TextTable {
    let header = metrics.map(\.header)
    var table = TextTable(
      header: [["", ""] + header.map(\.0), ["  defense", "detector"] + header.map(\.1)],
      textColumns: 2)
    var model: String?
    var before: Summary?
    for summary in summaries {
      if summary.model != model {
        if model != nil { table.lines.append(.text("")) }
        table.lines.append(.text(summary.model.visible.fitted(Self.textWidth)))
        model = summary.model
      }
      let names = [
        "  " + summary.treatment(in: 30), (summary.detector ?? "–").visible.fitted(14),
      ]
      if summary.seeds > 0 {
        let figures = metrics.map { metric in
          summary.means[metric].map {
            metric.text(mean: $0, deviation: summary.deviations[metric])
          } ?? "–"
        }
        table.lines.append(.cells(names + figures))
      } else {
        table.lines.append(.cells(names + metrics.map { _ in "" }))
      }
      // Of repaired models that one seed lacks for one reason, the first tells it.
      let isTold =
        before?.failures == summary.failures && before?.defense == summary.defense
        && before?.detector == summary.detector && before?.model == summary.model
      before = summary
      for reason in isTold ? [] : summary.failures {
        let lines = "failed: \(reason.visible)".wrapped(Self.textWidth - 4)
        table.lines += lines.map { .text("    " + $0) }
      }
    }
    return table
  }

  private func notes(_ metrics: [ComparisonMetric], leftOut: [ComparisonMetric]) -> String {
    var lines = [""]
    if metrics.contains(where: \.isShare) {
      let several = summaries.contains { !$0.deviations.isEmpty }
      lines.append(
        "Shares in per cent\(several ? "; means over seeds ± standard deviation" : "").")
    }
    if metrics.contains(.effectiveness) {
      lines.append("Effectiveness: 0.5 is doing nothing, 1 is perfect.")
    }
    if !leftOut.isEmpty {
      let names = leftOut.map {
        [$0.header.0, $0.header.1].filter { !$0.isEmpty }.joined(separator: " ")
      }
      lines.append("Left out for want of room:\n  \(names.joined(separator: ", "))")
    }
    return lines.count == 1 ? "" : lines.joined(separator: "\n") + "\n"
  }
}

extension ComparisonTable.Summary {
  /// ``treatment`` in so many columns: of a long name, what tells the repaired model from others stays.
  fileprivate func treatment(in columns: Int) -> String {
    let (whole, name) = (treatment.visible, (defense ?? "suspect").visible)
    let repair = whole.dropFirst(name.count)
    let rest = columns - String(repair).terminalWidth
    guard whole.terminalWidth > columns, rest > columns / 2 else { return whole.fitted(columns) }
    return name.fitted(rest) + repair
  }
}

extension ComparisonMetric {
  /// What a narrow table does without, first what it misses least.
  fileprivate static let leastNeededFirst: [ComparisonMetric] = [
    .cleanSamples, .filteredAttackSuccess, .filteredAccuracy, .falsePositives, .truePositives,
    .robustAccuracy, .auroc,
  ]

  /// Two words to stand above each other.
  fileprivate var header: (String, String) {
    switch self {
    case .cleanAccuracy: ("clean", "accuracy")
    case .attackSuccess: ("attack", "success")
    case .robustAccuracy: ("robust", "accuracy")
    case .effectiveness: ("effective-", "ness")
    case .auroc: ("", "AUROC")
    case .truePositives: ("triggered", "flagged")
    case .falsePositives: ("clean", "flagged")
    case .filteredAccuracy: ("filtered", "accuracy")
    case .filteredAttackSuccess: ("filtered", "attack")
    case .statistic: ("verdict", "statistic")
    case .backdoored: ("back-", "doored")
    case .cleanSamples: ("clean", "images")
    case .seconds: ("", "seconds")
    case .peakMemory: ("peak", "memory")
    }
  }
}
