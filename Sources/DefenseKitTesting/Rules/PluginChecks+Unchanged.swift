internal import DefenseKit

extension PluginChecks {
  /// Checks that a run does not change its inputs, even if they share memory.
  func checkUnchanged(_ rule: PluginRule) throws {
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      let materials = try trial.materials.copied()
      func facts() -> Facts {
        rule == .suspectUnchanged ? materials.modelFacts : materials.dataFacts
      }
      let before = facts()
      _ = try onOwnThread(deadline: deadline) {
        try trial.run(plugin, materials, Conditions())
      }
      guard let difference = before.difference(from: facts(), "before", "after") else { return }
      throw broken(
        rule, "\(difference), on \(trial.name)",
        "change only copies; arrays are values unless you write through a pointer")
    }
  }
}
