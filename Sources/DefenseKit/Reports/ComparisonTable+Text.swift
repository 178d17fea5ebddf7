internal import ModelIO

extension ComparisonTable {
  /// The maximum width of the table, in terminal columns.
  static let textWidth = 120

  /// The summaries as a table of at most 120 columns for a terminal, ended by a line feed.
  ///
  /// Each model's name is followed by one line for every combination of a repaired model and a
  /// detector. Shares are in per cent; with several seeds, cells are means with standard
  /// deviations. Metrics without any value are omitted, and so are those that do not fit, which the
  /// last lines name.
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
      // If one seed lacks several repaired models for one reason, only the first row shows it.
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
      lines.append("Effectiveness: 0.5 is no change, 1 is perfect.")
    }
    if !leftOut.isEmpty {
      let names = leftOut.map {
        [$0.header.0, $0.header.1].filter { !$0.isEmpty }.joined(separator: " ")
      }
      lines.append("Columns omitted (terminal too narrow):\n  \(names.joined(separator: ", "))")
    }
    return lines.count == 1 ? "" : lines.joined(separator: "\n") + "\n"
  }
}

extension ComparisonTable.Summary {
  /// ``treatment`` in this many columns. A long defense name is cut, not what distinguishes the
  /// repaired model.
  fileprivate func treatment(in columns: Int) -> String {
    let (whole, name) = (treatment.visible, (defense ?? "suspect").visible)
    let repair = whole.dropFirst(name.count)
    let rest = columns - String(repair).terminalWidth
    guard whole.terminalWidth > columns, rest > columns / 2 else { return whole.fitted(columns) }
    return name.fitted(rest) + repair
  }
}

extension ComparisonMetric {
  /// The metrics to omit from a table that is too wide, in this order.
  fileprivate static let leastNeededFirst: [ComparisonMetric] = [
    .cleanSamples, .filteredAttackSuccess, .filteredAccuracy, .falsePositives, .truePositives,
    .robustAccuracy, .auroc,
  ]

  /// The header of the column, in two lines.
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
