internal import ComparisonReport
internal import DefenseKit

/// The output files of a scan: the report, the page, the findings and the triggers found.
struct ScanArtifacts {
  /// The scan, with the file of each trigger found.
  private(set) var scan: ModelScan

  /// The names of the files other than triggers.
  static let page = "scan.html"
  private static let findings = "findings.sarif"

  /// Names the files of the triggers found: `trigger-CLASS-VERDICT.h5`.
  init(_ scan: ModelScan) {
    self.scan = scan
    var names = NameSet()
    for index in scan.answers.indices {
      let answer = scan.answers[index]
      self.scan.answers[index].files = answer.result.triggers.map { trigger in
        let stem = "trigger-\(trigger.goal.target)-\(answer.verdict)"
        return names.take("\(stem).h5") { "\(stem)-\($0).h5" }
      }
    }
  }

  /// Writes all files to a folder.
  ///
  /// - Parameters:
  ///   - folder: The path of the folder.
  ///   - scan: The scan to report: that of the files, with its steps.
  ///   - page: The page, as HTML.
  ///   - report: The report, as JSON.
  static func write(_ scan: ModelScan, page: String, report: String, to folder: String) throws {
    for answer in scan.answers {
      for (trigger, file) in zip(answer.result.triggers, answer.files) {
        try trigger.save(to: "\(folder)/\(file)")
      }
    }
    if let audit = scan.audit {
      let log = audit.sarif(
        tool: "DefenseKit", version: defenseKitVersion, answers: scan.answers)
      try AtomicFile.write(log.text, to: "\(folder)/\(findings)")
    }
    try AtomicFile.write(page, to: "\(folder)/\(Self.page)")
    try AtomicFile.write(report, to: "\(folder)/report.json")
  }
}
