import InferenceGraph

/// An error of a reader whose cause is the file's contents.
protocol ContentError: Error {
  /// The cause.
  var finding: Finding { get }
}

/// The findings in a model file so far, and the reason why it is unusable.
///
/// Everything unusual becomes a finding. The loader refuses the file at the first finding of
/// severity `error`; the audit, which is tolerant, continues as far as possible.
struct ReadingRecord {
  let path: String
  let isTolerant: Bool
  private(set) var findings: [Finding] = []
  /// The reason why there is no model; later errors do not replace it.
  private var reason: FileError?

  init(path: String, isTolerant: Bool) {
    self.path = path
    self.isTolerant = isTolerant
  }

  /// Adds findings.
  ///
  /// - Throws: ``FileError`` at the first of severity `error`, unless the reader is tolerant.
  mutating func report(_ found: [Finding], in file: String? = nil) throws(FileError) {
    findings += found
    if !isTolerant, let first = found.first(where: { $0.rule.severity == .error }) {
      throw FileError(refused: first, path: file ?? path)
    }
  }

  /// Returns the reason why the file is unusable from an error of any stage, and adds it to the
  /// findings.
  ///
  /// - Parameter rule: The rule for a network that forms no graph.
  mutating func explained(_ error: any Error, graph rule: Finding.Rule) -> FileError {
    let refusal =
      switch error {
      case let error as FileError: error
      case let error as any ContentError: FileError(refused: error.finding, path: path)
      case let error as GraphError:
        FileError(
          refused: Finding(
            error.kind == .tooLarge ? .graphSize : rule, at: abbreviated(error.node), "\(error)"),
          path: path)
      default: FileError(.badData, path: path, "\(error)")
      }
    return explained(refusal)
  }

  private mutating func explained(_ error: FileError) -> FileError {
    // The loader stops at the first error, which is the reason.
    guard isTolerant else { return error }
    if let reason { return reason }
    var result = error
    if error.kind == .badData {
      if let first = findings.first(where: { $0.rule.severity == .error }) {
        // Later failures are consequences of this finding.
        result = FileError(refused: first, path: path)
      } else {
        let finding = error.finding ?? Finding(.damaged, error.problem)
        if !findings.contains(finding) { findings.append(finding) }
      }
    }
    reason = result
    return result
  }
}
