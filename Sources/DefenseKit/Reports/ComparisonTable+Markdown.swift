extension ComparisonTable {
  /// The summaries as Markdown (`results.md`): a table for each model, followed by the reasons for
  /// failures.
  ///
  /// Names and reasons are escaped and cannot form columns, links or HTML.
  public var markdown: String {
    var models: [String] = []
    for summary in summaries where !models.contains(summary.model) { models.append(summary.model) }
    let metrics = ComparisonMetric.allCases.filter { metric in
      !metric.isCost && summaries.contains { $0.means[metric] != nil }
    }
    let parts = models.map { model in
      section(model, summaries.filter { $0.model == model }, metrics)
    }
    guard !parts.isEmpty else { return "No results.\n" }
    var notes = ["Accuracies, attack success and flagged images in per cent."]
    if summaries.contains(where: { !$0.deviations.isEmpty }) {
      notes.append("Means over seeds ± standard deviation.")
    }
    notes.append("Effectiveness: 0.5 is no change, 1 is perfect.")
    return parts.joined(separator: "\n") + "\n" + notes.joined(separator: " ") + "\n"
  }

  private func section(
    _ model: String, _ summaries: [Summary], _ metrics: [ComparisonMetric]
  ) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = [
      "## \(model.markdown)", "",
      line(["Defense", "Detector", "Seeds"] + metrics.map { $0.title.markdown }),
      "|" + "---|---|" + String(repeating: "---:|", count: metrics.count + 1),
    ]
    var failures: [String] = []
    for summary in summaries {
      let figures = metrics.map { metric in
        summary.means[metric].map {
          metric.text(mean: $0, deviation: summary.deviations[metric])
        } ?? (summary.seeds == 0 ? "" : "–")
      }
      let all = summary.seeds + summary.failedSeeds
      let names = [summary.treatment.markdown, (summary.detector ?? "–").markdown]
      lines.append(
        line(names + [summary.failedSeeds == 0 ? "\(all)" : "\(summary.seeds) of \(all)"] + figures)
      )
      let name = [summary.treatment, summary.detector].compactMap { $0 }.joined(separator: " + ")
      failures += summary.failures.map { "- \(name.markdown): failed: \($0.markdown)" }
    }
    if !failures.isEmpty { lines += [""] + failures }
    return lines.joined(separator: "\n") + "\n"
  }
}
