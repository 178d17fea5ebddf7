/// The error for a configuration and weights that do not form a model this package can run.
struct KerasError: ContentError, CustomStringConvertible {
  /// The error as a finding.
  let finding: Finding
  var description: String { finding.message }

  init(_ finding: Finding) { self.finding = finding }

  init(_ description: String, rule: Finding.Rule = .kerasConfig) {
    finding = Finding(rule, description)
  }

  /// Creates an error about a layer, with its class in the message.
  init(_ layer: KerasLayer, _ reason: String, rule: Finding.Rule = .kerasConfig) {
    let name = abbreviated(layer.name)
    finding = Finding(
      rule, at: name, "layer '\(name)' (\(abbreviated(layer.className))): \(reason)")
  }
}
