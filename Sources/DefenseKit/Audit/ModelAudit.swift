public import InferenceGraph
public import ModelIO

/// What can be said about a model file without running the model: its findings.
///
/// A clean audit is no proof that there is no backdoor. Most backdoors are ordinary weights; this
/// looks for what no honest file has, and for weights and layers that training does not give.
public struct ModelAudit: Sendable {
  /// The file, as the caller named it.
  public let path: String
  /// The SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String
  /// What was found: errors first, then by rule and by place, each once.
  public let findings: [Finding]
  /// The model, if one could be made; one with errors is there to be looked at, not to be used.
  public let model: Model?
  /// The multiply-adds that the model takes for an image; nil if it cannot be run.
  public let costPerImage: Int?
  /// Why there is no model.
  public let failure: FileError?

  /// Whether the file was read to its end; if not, there may be more to find.
  public var isComplete: Bool {
    failure?.kind != .usage && !findings.contains { $0.rule.endsReading }
  }

  /// Reads a file and lists what an honest one does not have.
  ///
  /// - Parameters:
  ///   - path: A Keras `.h5` file.
  ///   - architecture: For a file of weights alone, another Keras file or a JSON file that
  ///     describes the network; what is found in it counts as well.
  ///   - sandbox: How files are parsed.
  /// - Throws: `FileError` if there is no such file, or it holds weights alone and there is no
  ///   architecture. Whatever else is wrong with it is a finding.
  public init(
    _ path: String, architecture: String? = nil, sandbox: Sandbox = .auto
  ) throws(FileError) {
    let inspection = try KerasModel.inspect(path, architecture: architecture, sandbox: sandbox)
    self.path = path
    sha256 = inspection.sha256
    model = inspection.model
    failure = inspection.failure
    var findings = inspection.findings
    var cost: Int?
    if let model {
      do {
        // Whether a model can be run shows when it is prepared.
        cost = try Executor([model]).costPerImage
        findings += model.graph.auditFindings
      } catch {
        findings.append(Finding(.graphSize, at: error.node, error.description))
      }
    }
    costPerImage = cost
    self.findings = Self.sorted(findings)
  }

  private static func sorted(_ findings: [Finding]) -> [Finding] {
    let order = Dictionary(
      uniqueKeysWithValues: Finding.Rule.all.enumerated().map { ($1, $0) })
    func key(_ finding: Finding) -> (Int, String, String) {
      (order[finding.rule] ?? order.count, finding.location, finding.message)
    }
    return Set(findings).sorted {
      $0.rule.severity == $1.rule.severity
        ? key($0) < key($1) : $0.rule.severity > $1.rule.severity
    }
  }
}
