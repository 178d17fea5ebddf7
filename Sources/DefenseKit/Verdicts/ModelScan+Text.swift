internal import ModelIO

extension ModelScan {
  /// The answer in one sentence.
  public var answer: String {
    let found = answers.filter(\.result.isBackdoored)
    let asked = answers.count == 1 ? "1 verdict" : "\(answers.count) verdicts"
    guard !found.isEmpty else {
      return "No backdoor found by \(asked). This does not prove that there is none."
    }
    let named = found.map { answer in
      "\(answer.verdict) names \(Self.classes(answer.result.targets))"
    }
    return "Backdoor found by \(found.count) of \(asked): \(named.joined(separator: "; "))."
  }

  /// The scan as text for a terminal: the answer, a table of the verdicts, their highest scores and
  /// notes, a sketch of the first trigger that each found, the audit's findings and the next steps;
  /// ended by a line feed.
  public var text: String {
    var parts = [answer + "\n", table.text]
    if let baselineProblem { parts.insert("\(baselineProblem)\n", at: 0) }
    parts.append(answers.map(Self.scores).joined())
    parts += answers.compactMap(Self.sketch)
    if !omissions.isEmpty {
      parts.append("No verdict:\n" + omissions.map { "  \($0.reason)\n" }.joined())
    }
    if let audit { parts.append(Self.text(audit.findings)) }
    if !steps.isEmpty {
      parts.append("Next:\n" + steps.map { "  # \($0.purpose)\n  \($0.command)\n" }.joined())
    }
    return parts.joined(separator: "\n")
  }

  private var table: TextTable {
    var table = TextTable(header: [Self.headings])
    table.textColumns = 2
    table.lines = answers.map { .cells(Self.cells($0)) }
    return table
  }

  /// The headings of ``cells(_:)``.
  package static let headings = [
    "verdict", "answer", "statistic", "threshold", "target classes", "trigger found (area)",
  ]

  /// Returns a verdict's line of the table.
  package static func cells(_ answer: Answer) -> [String] {
    let result = answer.result
    return [
      answer.verdict, result.isBackdoored ? "backdoor" : "none found",
      upToFourDecimals(result.statistic), upToFourDecimals(result.threshold),
      result.targets.isEmpty ? "–" : listed(result.targets), area(result.triggers),
    ]
  }

  /// Returns the first trigger's opacity as a share of the image, and the number of further triggers.
  private static func area(_ triggers: [Trigger]) -> String {
    guard let first = triggers.first else { return "–" }
    let area = first.area.map { "\(upToFourDecimals($0 * 100)) %" } ?? "found"
    return triggers.count == 1 ? area : "\(area) and \(triggers.count - 1) more"
  }

  /// Returns the first classes of a list and the number of the others.
  private static func listed(_ classes: [Int]) -> String {
    let most = 5
    let shown = classes.prefix(most).map(String.init).joined(separator: ", ")
    return classes.count > most ? "\(shown) and \(classes.count - most) more" : shown
  }

  /// Returns classes in words: "class 7", "classes 7, 2" or "no class".
  private static func classes(_ classes: [Int]) -> String {
    guard !classes.isEmpty else { return "no class" }
    return (classes.count == 1 ? "class " : "classes ") + listed(classes)
  }

  /// Returns what a verdict's scores are, the highest of them, and its notes.
  private static func scores(_ answer: Answer) -> String {
    let result = answer.result
    let ranking = result.ranking
    let most = 3
    let highest = ranking.prefix(most).map {
      "class \($0): \(upToFourDecimals(result.classScores[$0]))"
    }
    let others =
      ranking.count > most ? "; \(ranking.count - most) with lower scores" : ""
    let lines =
      [
        "\(answer.verdict): \(result.measure)", "  \(highest.joined(separator: ", "))\(others)",
      ] + result.notes.map { "  \($0)" }
    return lines.map { "\($0)\n" }.joined()
  }

  /// Returns a sketch of a verdict's first trigger; nil without one that can be drawn.
  private static func sketch(_ answer: Answer) -> String? {
    guard let trigger = answer.result.triggers.first, let lines = trigger.sketch else { return nil }
    let title =
      "\(answer.verdict)'s trigger of class \(trigger.goal.target), from black ░ to white █:"
    return ([title] + lines.map { "  \($0)" }).map { "\($0)\n" }.joined()
  }

  /// Returns the audit's findings, at most ten.
  private static func text(_ findings: [Finding]) -> String {
    guard !findings.isEmpty else { return "Audit of the file: no findings.\n" }
    let most = 10
    let lines = findings.prefix(most).map {
      "  \($0.rule.severity): \($0.message.visible) [\($0.rule.name)]\n"
    }
    let more = findings.count > most ? "  and \(findings.count - most) more\n" : ""
    return "Audit of the file:\n\(lines.joined())\(more)"
  }
}
