internal import DefenseKit

extension ComparisonReport {
  /// Groups of columns under a common heading.
  private static let groups: [(title: String, metrics: [ComparisonMetric])] = [
    ("Answers", [.cleanAccuracy, .attackSuccess, .robustAccuracy, .effectiveness]),
    (
      "Detector",
      [.auroc, .truePositives, .falsePositives, .filteredAccuracy, .filteredAttackSuccess]
    ),
    ("Verdict", [.statistic, .backdoored]),
    ("Costs", [.cleanSamples, .seconds, .peakMemory]),
  ]

  /// The values for the table of all summaries.
  var tableContext: [String: Any] {
    let groups = Self.groups.map { group in
      (
        title: group.title,
        metrics: group.metrics.filter { metric in
          table.summaries.contains { $0.means[metric] != nil }
        }
      )
    }.filter { !$0.metrics.isEmpty }
    let metrics = groups.flatMap(\.metrics)
    let best = Set(models.compactMap(\.best))
    let isSeveral = table.summaries.contains { !$0.deviations.isEmpty }
    return [
      "groups": groups.map { ["title": $0.title, "span": $0.metrics.count] as [String: Any] },
      "columns": groups.flatMap { group in
        group.metrics.enumerated().map { place, metric -> [String: Any] in
          ["title": metric.title, "unit": shown(metric.unit), "isFirst": place == 0]
        }
      },
      "isSeveral": isSeveral, "span": metrics.count,
      "rows": table.summaries.map { row($0, groups.map(\.metrics), isBest: best.contains($0)) },
    ]
  }

  private func row(
    _ summary: ComparisonTable.Summary, _ groups: [[ComparisonMetric]], isBest: Bool
  ) -> [String: Any] {
    let all = summary.seeds + summary.failedSeeds
    let cells = groups.flatMap { metrics in
      metrics.enumerated().map { place, metric -> [String: Any] in
        guard let mean = summary.means[metric] else {
          return ["value": "", "text": "–", "deviation": "", "isFirst": place == 0]
        }
        // The deviation of costs says little, and that of the number of images nothing.
        let isSpread = !metric.isCost && metric != .cleanSamples
        let deviation = isSpread ? summary.deviations[metric] : nil
        return [
          "value": "\(mean)", "text": metric.text(mean), "isFirst": place == 0,
          "deviation": deviation.map { "± \(metric.text($0))" } ?? "",
        ]
      }
    }
    return [
      "model": summary.model, "treatment": summary.treatment,
      "detector": summary.detector ?? "", "seeds": summary.seeds,
      "seedsText": summary.failedSeeds == 0 ? "\(all)" : "\(summary.seeds) of \(all)",
      "isSuspect": summary.isSuspect, "isBest": isBest,
      "isDone": summary.seeds > 0, "cells": summary.seeds > 0 ? cells : [],
      "reasons": summary.failures.joined(separator: "; "),
    ]
  }
}

extension ComparisonMetric {
  /// The metric's unit; empty for metrics without one.
  fileprivate var unit: String {
    switch self {
    case .seconds: "s"
    case .peakMemory: "MB"
    default: isShare ? "%" : ""
    }
  }
}
