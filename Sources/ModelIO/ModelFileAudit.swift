public import InferenceGraph

/// The result of auditing a model file.
public struct ModelFileAudit: Sendable {
  /// What an honest file does not have, in the order of detection.
  public let findings: [Finding]
  /// The model, if one could be built; ``ModelFile/load(_:architecture:outputLayer:preprocessing:sandbox:)`` may
  /// refuse it.
  public let model: Model?
  /// The tensors of a file of weights of PyTorch or safetensors; empty for other files.
  public let tensors: [StoredTensor]
  /// The reason why there is no model; nil if the file was read without its network.
  public let failure: FileError?
  /// The SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String

  /// Creates the result of reading a file.
  ///
  /// - Parameters:
  ///   - result: The model; nil for weights without a network.
  ///   - tensors: The tensors of a file of weights.
  ///   - content: The file; nil if it could not be opened.
  /// - Throws: ``FileError`` if the failure is about the command, and there are no findings.
  init(
    _ result: Result<Model?, FileError>, tensors: [StoredTensor] = [], findings: [Finding],
    of content: FileDescriptor?
  ) throws(FileError) {
    switch result {
    case .success(let model):
      self.model = model
      failure = nil
    case .failure(let error):
      // Findings are worth more than advice about the command.
      guard error.kind == .badData || !findings.isEmpty else { throw error }
      model = nil
      failure = error
    }
    self.findings = findings
    self.tensors = tensors
    sha256 =
      try content.map { file throws(FileError) in try ModelIO.sha256(of: file) } ?? ""
  }
}
