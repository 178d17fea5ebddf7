public import InferenceGraph
public import ModelIO

/// The audit of a model file: the findings that need no inference.
///
/// A clean audit does not prove that there is no backdoor, since most backdoors are ordinary
/// weights. The audit finds structures that no honest file has, and weights and layers that
/// training does not produce.
public struct ModelAudit: Sendable {
  /// The path of the file, as passed by the caller.
  public let path: String
  /// The SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String
  /// The findings without duplicates: errors first, then by rule and location.
  public let findings: [Finding]
  /// The model, if the file contains one, or weights for `architecture`; do not run a model with
  /// errors.
  public let model: Model?
  /// The tensors of a file of weights of PyTorch or safetensors, in its order; empty for other files.
  public let tensors: [StoredTensor]
  /// The multiply-adds of the model for one image; nil if the model cannot run.
  public let costPerImage: Int?
  /// The reason why there is no model; nil if there is one, or only weights were asked for.
  public let failure: FileError?

  /// Whether the whole file was read; if not, there may be more to find.
  public var isComplete: Bool {
    failure?.kind != .usage && !findings.contains { $0.rule.endsReading }
  }

  /// Audits a file.
  ///
  /// - Parameters:
  ///   - path: The path of a model: a Keras or ONNX file, or weights of PyTorch or safetensors.
  ///   - architecture: For a file with weights only, the path of another file that describes the
  ///     network: Keras or JSON for Keras, ONNX for the others; the findings include those of this
  ///     file.
  ///   - outputLayer: The name of the output with the scores, for a model with several.
  ///   - sandbox: How files are parsed.
  /// - Throws: `FileError` if the file does not exist, or if it has weights of Keras only and
  ///   `architecture` is nil. All other errors are findings.
  public init(
    _ path: String, architecture: String? = nil, outputLayer: String? = nil,
    sandbox: Sandbox = .auto
  ) throws(FileError) {
    let audit = try ModelFile.audit(
      path, architecture: architecture, outputLayer: outputLayer, sandbox: sandbox)
    self.path = path
    sha256 = audit.sha256
    model = audit.model
    failure = audit.failure
    tensors = audit.tensors
    var findings = audit.findings
    var cost: Int?
    if let model {
      do {
        // Preparing a model shows whether it can run.
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
