public import DefenseKit
private import Foundation

/// A scan of a model as one self-contained HTML page, in the style of ``ComparisonReport``.
///
/// ```swift
/// let page = try ScanPage(scan, images: test)
/// try AtomicFile.write(page.html, to: "scan.html")
/// ```
///
/// The page loads nothing, and all texts of models and plugins are escaped.
public struct ScanPage: Sendable {
  /// The scan.
  public let scan: ModelScan
  /// Facts about the run.
  public let notes: [ComparisonReport.Note]
  /// The warnings of the run.
  public let warnings: [String]

  private let triggers: [Found]

  /// A trigger with its pictures as PNG files.
  private struct Found {
    let verdict: String
    let trigger: Trigger
    let file: String?
    let alone: Data
    let stamped: Data?
  }

  /// The number of triggers with pictures.
  private static let largestTriggers = 24

  /// Creates a page, and draws the triggers.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - images: Clean images to show triggers on, if any.
  ///   - notes: Facts about the run for the page: the command, the files, the machine.
  ///   - warnings: The warnings of the run.
  /// - Throws: The errors of the images' source.
  public init(
    _ scan: ModelScan, images: CleanData? = nil, notes: [ComparisonReport.Note] = [],
    warnings: [String] = []
  ) throws {
    self.scan = scan
    self.notes = notes
    self.warnings = warnings
    let found = scan.answers.flatMap { answer in
      answer.result.triggers.enumerated().map { place, trigger in
        (answer, trigger, answer.files.indices.contains(place) ? answer.files[place] : nil)
      }
    }.prefix(Self.largestTriggers)
    let range = found.isEmpty ? nil : try images?.valueRange()
    triggers = try found.map { answer, trigger, file in
      var stamped: Data?
      if let images, let range {
        stamped = try trigger.picture(on: images, range: range).map { Data(try $0.png()) }
      }
      return Found(
        verdict: answer.verdict, trigger: trigger, file: file,
        alone: Data(try trigger.preview.png()), stamped: stamped)
    }
  }

  /// The page, to be written in UTF-8.
  ///
  /// Equal scans give equal bytes.
  public var html: String { Template.page("scan", context) }

  private var context: [String: Any] {
    let findings = scan.audit?.findings ?? []
    return [
      "title": scan.suspect.name, "version": defenseKitVersion, "answer": scan.answer,
      "isBackdoored": scan.isBackdoored, "problem": shown(scan.baselineProblem), "facts": facts,
      "verdicts": scan.answers.enumerated().map { Self.context($1, number: $0 + 1) },
      "omissions": scan.omissions.map { ["reason": $0.reason] },
      "hasOmissions": !scan.omissions.isEmpty,
      "triggers": triggers.map(Self.context), "hasTriggers": !triggers.isEmpty,
      "isStamped": triggers.contains { $0.stamped != nil },
      "findings": findings.map { Self.context($0) }, "hasFindings": !findings.isEmpty,
      "steps": scan.steps.map { ["purpose": $0.purpose, "command": $0.command] },
      "hasSteps": !scan.steps.isEmpty,
      "notes": notes.map { ["name": $0.name, "value": $0.value] },
      "warnings": warnings.map { ["warning": $0] }, "hasWarnings": !warnings.isEmpty,
    ]
  }

  /// The figures at the top of the page.
  private var facts: [[String: Any]] {
    func fact(_ name: String, _ value: String) -> [String: Any] { ["name": name, "value": value] }
    var facts = [
      fact("Classes", "\(scan.suspect.classCount)"),
      fact(
        "Verdicts that find a backdoor",
        "\(scan.answers.count(where: \.result.isBackdoored)) of \(scan.answers.count)"),
    ]
    if let counts = scan.baseline { facts.append(fact("Clean accuracy", percent(counts.accuracy))) }
    return facts
  }

  private static func context(_ answer: ModelScan.Answer, number: Int) -> [String: Any] {
    let result = answer.result
    let cells = ModelScan.cells(answer)
    let targets = Set(result.targets)
    return [
      "verdict": answer.verdict, "summary": answer.summary, "measure": result.measure,
      "answer": cells[1], "statistic": cells[2], "threshold": cells[3], "targets": cells[4],
      "trigger": cells[5], "isBackdoored": result.isBackdoored,
      "chart": ClassScoreChart(result, by: answer.verdict).element(id: "chart-\(number)"),
      "notes": result.notes.map { ["note": $0] }, "hasNotes": !result.notes.isEmpty,
      "count": counted(result.classScores.count, "score"),
      "scores": result.ranking.map { place -> [String: Any] in
        let score = result.classScores[place]
        return [
          "class": "\(place)", "text": upToFourDecimals(score),
          "value": score.isFinite ? "\(score)" : "", "isTarget": targets.contains(place),
        ]
      },
    ]
  }

  private static func context(_ found: Found) -> [String: Any] {
    [
      "class": "\(found.trigger.goal.target)", "verdict": found.verdict,
      "area": shown(found.trigger.area.map { "\(upToFourDecimals($0 * 100)) %" }),
      "file": shown(found.file), "alone": found.alone.base64EncodedString(),
      "stamped": shown(found.stamped?.base64EncodedString()),
    ]
  }

  private static func context(_ finding: Finding) -> [String: Any] {
    [
      "severity": "\(finding.rule.severity)", "isSerious": finding.rule.severity > .note,
      "rule": finding.rule.name, "technique": finding.rule.technique, "message": finding.message,
    ]
  }
}
