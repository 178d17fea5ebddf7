extension ComparisonTable {
  /// All rows as CSV (`results.csv`): names, `status` ("done", "failed" or "pending") with its
  /// reason, all metrics but costs, and the unit's key.
  ///
  /// Numbers have all digits; missing ones are empty. `defense` is empty for the suspect itself,
  /// `detector` if there is none. Shares are 0 to 1. A text that begins with `=`, `+`, `-` or `@`
  /// has an apostrophe in front, so that no spreadsheet evaluates it as a formula.
  public var resultsCSV: String {
    let metrics = ComparisonMetric.allCases.filter { !$0.isCost }
    let names = ["model", "defense", "repair", "detector", "seed", "status", "reason"]
    let lines = rows.map { row in
      let texts = [row.model, row.defense ?? "", row.repair, row.detector ?? ""].map(CSV.text)
      let state = [
        "\(row.seed)", row.isPending ? "pending" : row.failure == nil ? "done" : "failed",
      ]
      return CSV.line(
        texts + state + [CSV.text(row.failure ?? "")] + metrics.map { CSV.number(row.values[$0]) }
          + [row.key])
    }
    return CSV.line(names + metrics.map(\.rawValue) + ["key"]) + lines.joined()
  }

  /// The summaries as CSV (`summary.csv`): names, the numbers of succeeded and failed seeds, and
  /// for all metrics but costs the mean and the standard deviation over seeds; missing ones are
  /// empty.
  public var summaryCSV: String {
    let metrics = ComparisonMetric.allCases.filter { !$0.isCost }
    let names = ["model", "defense", "repair", "detector", "seeds", "failed_seeds", "reasons"]
    let lines = summaries.map { summary in
      let texts = [summary.model, summary.defense ?? "", summary.repair, summary.detector ?? ""]
      let counts = ["\(summary.seeds)", "\(summary.failedSeeds)"]
      let figures = metrics.flatMap {
        [CSV.number(summary.means[$0]), CSV.number(summary.deviations[$0])]
      }
      return CSV.line(
        texts.map(CSV.text) + counts + [CSV.text(summary.failures.joined(separator: "; "))]
          + figures)
    }
    let columns = metrics.flatMap { ["\($0.rawValue)_mean", "\($0.rawValue)_sd"] }
    return CSV.line(names + columns) + lines.joined()
  }

  /// The costs as CSV (`costs.csv`), which differ from run to run: key, seconds and bytes of
  /// memory.
  ///
  /// There is one line for each unit with known costs, in the order of the rows.
  public var costsCSV: String {
    var seen: Set<String> = []
    let lines = rows.compactMap { row -> String? in
      guard let seconds = row.values[.seconds], seen.insert(row.key).inserted else { return nil }
      return CSV.line([row.key, CSV.number(seconds), CSV.number(row.values[.peakMemory])])
    }
    return CSV.line(["key", "seconds", "peak_memory"]) + lines.joined()
  }
}
