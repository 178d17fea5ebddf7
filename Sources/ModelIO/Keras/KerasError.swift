/// A configuration or weights that do not make a model we can run, with the reason.
struct KerasError: Error, CustomStringConvertible {
  /// What it is as a finding.
  let finding: Finding
  var description: String { finding.message }

  init(_ finding: Finding) { self.finding = finding }

  init(_ description: String, rule: Finding.Rule = .kerasConfig) {
    finding = Finding(rule, description)
  }

  /// An error about a layer, with its class where that helps.
  init(_ layer: KerasLayer, _ reason: String, rule: Finding.Rule = .kerasConfig) {
    let name = abbreviated(layer.name)
    finding = Finding(
      rule, at: name, "layer '\(name)' (\(abbreviated(layer.className))): \(reason)")
  }
}
