internal import DefenseKit
private import Foundation

extension ComparisonReport {
  /// The values for the page's templates.
  var context: [String: Any] {
    let defenses = records.compactMap { $0.unit.defense?.label }.distinct
    let otherPlugins = [PluginKind.detector, .dataSetDetector, .verdict].map { kind in
      (kind, records.compactMap { $0.unit.plugins[kind]?.label }.distinct)
    }.filter { $0.0 == .detector || !$0.1.isEmpty }
    let seeds = records.map(\.unit.seed).distinct
    let pending = records.count { $0.isPending }
    let failed = records.count { $0.failure != nil } - pending
    return [
      "title": title, "version": defenseKitVersion, "isEmpty": records.isEmpty,
      "compared": [
        compared("model", models.map(\.name)), compared("defense", defenses),
      ] + otherPlugins.map { compared($0.name, $1) } + [compared("seed", seeds.map(String.init))],
      "facts": facts(failed, pending),
      "failedCount": failed == 0 ? "" : counted(failed, "unit"), "hasFailures": failed > 0,
      "glance": ["rows": models.map(\.glance), "isShown": models.contains { $0.best != nil }],
      "table": tableContext,
      "models": models.enumerated().map { $1.context(number: $0 + 1, isOpen: models.count <= 4) },
      "details": detailsContext,
    ]
  }

  /// Returns the number of names with their noun, and the first names.
  private func compared(_ noun: String, _ names: [String]) -> [String: Any] {
    let most = 8
    return [
      "count": counted(names.count, noun), "names": names.prefix(most).map { ["name": $0] },
      "more": names.count > most ? " and \(names.count - most) more" : "",
      "hasNames": !names.isEmpty,
    ]
  }

  /// Returns the figures at the top of the page.
  private func facts(_ failed: Int, _ pending: Int) -> [[String: Any]] {
    func fact(_ name: String, _ value: String) -> [String: Any] { ["name": name, "value": value] }
    var facts = [
      fact("Units done", "\(records.count - failed - pending)"), fact("Units failed", "\(failed)"),
    ]
    if pending > 0 { facts.append(fact("Units to do", "\(pending)")) }
    let known = records.compactMap { costs[$0.key] }
    if !known.isEmpty {
      facts.append(
        fact("Total time of all units", duration(known.reduce(0) { $0 + $1.seconds })))
      facts.append(fact("Peak memory", bytes(known.map(\.peakMemory).max() ?? 0)))
    }
    return facts
  }
}

extension ModelResults {
  /// The model's line of the first table: the suspect beside the best results.
  fileprivate var glance: [String: Any] {
    func figure(_ summary: ComparisonTable.Summary?, _ metric: ComparisonMetric) -> String {
      summary?.means[metric].map { metric.text($0) } ?? "–"
    }
    let name = best.map { [$0.treatment, $0.detector].compactMap { $0 }.joined(separator: " + ") }
    let detector = bestDetector.map { "\($0.detector ?? "") on \($0.treatment)" }
    return [
      "model": self.name, "suspectClean": figure(suspect, .cleanAccuracy),
      "suspectAttack": figure(suspect, .attackSuccess), "best": name ?? "–",
      "bestClean": figure(best, .cleanAccuracy), "bestAttack": figure(best, .attackSuccess),
      "effectiveness": figure(best, .effectiveness), "detector": detector ?? "–",
      "area": figure(bestDetector, .auroc),
    ]
  }

  /// Returns the values for a model's section.
  fileprivate func context(number: Int, isOpen: Bool) -> [String: Any] {
    let parts: [(ReportChart.Kind, title: String, note: String)] = [
      (
        .tradeOff, "Accuracy over attack success",
        "One chart without a detector, and one for each detector; the cross marks the suspect."
      ),
      (
        .roc, "ROC curves",
        "The share of triggered images that a detector flags, against the share of clean images."
      ),
      (
        .pruning, "Pruning curves",
        "Accuracy and attack success while channels are pruned one after another, before "
          + "fine-tuning."
      ),
      (
        .classes, "Accuracy by class",
        "Shows whether a defense loses accuracy in single classes."
      ),
      (
        .scores, "Score histograms",
        "A detector separates clean from triggered images better the less their scores overlap."
      ),
    ]
    var sections: [[String: Any]] = []
    for (place, part) in parts.enumerated() {
      let charts = charts.enumerated().filter { $0.element.kind == part.0 }
      guard !charts.isEmpty else { continue }
      sections.append([
        "heading": part.title, "note": part.note, "count": counted(charts.count, "chart"),
        // There are many histograms, and they matter least.
        "isOpen": place == 0 || (isOpen && part.0 != .scores),
        "charts": charts.map { index, item in
          ["svg": item.chart.element(id: "chart-\(number)-\(index + 1)")]
        },
      ])
    }
    let picture = records.compactMap(\.picture).first
    let classes = records.compactMap(\.classCount).first
    return [
      "id": "model-\(number)", "name": name, "sections": sections,
      "verdicts": verdicts, "hasVerdicts": !verdicts.isEmpty,
      "picture": shown(picture?.base64EncodedString()),
      "classes": shown(classes.map { "\($0) classes" }),
    ]
  }
}

extension ModelResults {
  /// Each verdict on the model, for each seed.
  fileprivate var verdicts: [[String: Any]] {
    records.flatMap { record in
      record.rows.compactMap(\.verdict).map { verdict in
        [
          "verdict": record.unit.otherPlugin?.choice.label ?? "", "seed": "\(record.unit.seed)",
          "answer": verdict.isBackdoored ? "backdoored" : "no backdoor found",
          "isBackdoored": verdict.isBackdoored,
          "class": verdict.isBackdoored ? "\(verdict.topClass)" : "–",
          "statistic": upToFourDecimals(verdict.statistic),
          "threshold": upToFourDecimals(verdict.threshold),
          "measure": verdict.measure,
          "scores": verdict.ranking.prefix(5).map {
            "class \($0): \(upToFourDecimals(verdict.classScores[$0]))"
          }.joined(separator: ", "),
        ] as [String: Any]
      }
    }
  }
}

/// Returns a text for an optional section of a template, or false for an empty text.
///
/// Mustache would show the section for an empty text.
func shown(_ text: String?) -> Any {
  guard let text, !text.isEmpty else { return false }
  return text
}

/// Returns a number with its noun.
func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}

/// Formats a duration in seconds, minutes or hours.
func duration(_ seconds: Double) -> String {
  guard seconds >= 60, seconds < 1e9 else { return "\(ComparisonMetric.seconds.text(seconds)) s" }
  let whole = Int(seconds.rounded())
  return whole < 3600
    ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole % 3600 / 60) min"
}

/// Formats a number of bytes in MB.
func bytes(_ count: Int) -> String { "\(ComparisonMetric.peakMemory.text(Double(count))) MB" }
