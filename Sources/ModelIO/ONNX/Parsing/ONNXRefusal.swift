/// The error for a file that is not read on, with the reason as a finding.
struct ONNXRefusal: ContentError {
  let finding: Finding

  init(_ rule: Finding.Rule, at location: String = "", _ message: String) {
    finding = Finding(rule, at: location, message)
  }

  /// Creates the error for bytes that are not a message.
  init(_ error: WireError) {
    self.init(
      .onnxDamaged,
      "is damaged or not an ONNX model: unreadable at byte \(error.offset); copy it again")
  }
}
