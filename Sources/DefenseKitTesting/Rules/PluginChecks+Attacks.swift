internal import DefenseKit
internal import Foundation

extension PluginChecks {
  func checkPoisoning() throws {
    let rule = PluginRule.poisoning
    let plugin = try makePlugin(for: rule)
    guard case .attack(let attack) = plugin.byKind else { return }
    let rate = Swift.type(of: attack).poisonRate
    guard rate > 0, rate <= 1 else {
      throw broken(
        rule, "its poisonRate is \(rate)", "return the share of images, over 0 and up to 1")
    }
    try forEachTrial(rule) { trial in
      let materials = try trial.materials.copied()
      let isEditing = Swift.type(of: attack).method == .editing
      let (goals, wanted, poisoning, edited) = try onOwnThread(deadline: deadline) {
        let mode = AttackGoal.Mode(rawValue: trial.name) ?? .allToOne
        let trigger = try Trial.trigger(of: attack, mode, for: materials, Conditions())
        let task = try Trial.task(of: attack, with: trigger, materials, Conditions())
        return (
          [trigger.goal] + task.otherTriggers.map(\.goal), try task.selection().poisoned.count,
          try Trial.poisoning(by: attack, with: trigger, materials, Conditions()),
          isEditing ? try Trial.edited(by: attack, with: trigger, materials, Conditions()) : nil
        )
      }
      if let edited, edited.graph == materials.models[0].graph {
        throw broken(
          rule, "its method is editing, but it returns the clean model as it was, \(trial.name)",
          "return a model with the backdoor from edited(_:_:in:)")
      }
      try check(
        poisoning, isEditing ? nil : wanted, of: trial.materials.images, goals,
        keepsLabels: Swift.type(of: attack).keepsLabels, trial.name)
    }
  }

  private func check(
    _ poisoning: Poisoning, _ wanted: Int?, of clean: LabelledImages, _ goals: [AttackGoal],
    keepsLabels: Bool, _ trial: String
  ) throws(BrokenRule) {
    let goal = goals[0]
    func fail(_ observed: String, _ advice: String) -> BrokenRule {
      broken(.poisoning, "\(observed), \(trial)", advice)
    }
    let images = poisoning.images
    let start = "start from Poisoning(of: task.images), and change images by its methods"
    guard images.imageShape == clean.imageShape, images.count == clean.count else {
      throw fail(
        "\(clean.count) images of shape \(clean.imageShape) became \(images.count) of shape "
          + "\(images.imageShape)", start)
    }
    let changed = Set(poisoning.poisoned + poisoning.covers)
    for index in 0..<clean.count where !changed.contains(index) {
      guard images[index] == clean[index], images.labels[index] == clean.labels[index] else {
        throw fail("image \(index) changed, but is neither poisoned nor a cover", start)
      }
    }
    for index in poisoning.poisoned {
      let (was, label) = (clean.labels[index], images.labels[index])
      let wanted = keepsLabels ? [was] : goals.map { $0.label(for: was) }
      guard wanted.contains(label) else {
        throw fail(
          "poisoned image \(index) of class \(was) is labelled \(label), not \(wanted[0])",
          "label it with task.label(of:)")
      }
      guard !keepsLabels || Int(was) == goal.target else {
        throw fail(
          "image \(index) of class \(was) is poisoned, but the attack keeps labels and the target "
            + "is \(goal.target)", "poison the images of task.selection()")
      }
    }
    for index in poisoning.covers where images.labels[index] != clean.labels[index] {
      throw fail("the label of cover \(index) changed", "keep the labels of covers")
    }
    guard let wanted else {
      guard changed.isEmpty else {
        throw fail(
          "\(changed.count) images are changed, but the attack's method is editing",
          "return Poisoning(of: task.images)")
      }
      return
    }
    // Any selection may have one image more or less, because shares are rounded.
    guard !poisoning.poisoned.isEmpty, abs(poisoning.poisoned.count - wanted) <= 1 else {
      throw fail(
        "\(poisoning.poisoned.count) images are poisoned, not \(wanted)",
        "poison the images of task.selection()")
    }
  }

  func checkTrigger() throws {
    let rule = PluginRule.trigger
    let plugin = try makePlugin(for: rule)
    guard case .attack(let attack) = plugin.byKind else { return }
    let test = try problem.testImages
    try forEachTrial(rule) { trial in
      let mode = AttackGoal.Mode(rawValue: trial.name) ?? .allToOne
      let materials = try trial.materials.copied()
      let trigger = try onOwnThread(deadline: deadline) {
        try Trial.trigger(of: attack, mode, for: materials, Conditions())
      }
      let triggered = try trigger.testSet(from: test, keepsUnaffected: true).images
      guard triggered.bytes != test.bytes else {
        throw broken(
          rule, "the trigger changes none of the test images",
          "return a change from change(for:in:) that is visible in bytes")
      }
      let folder = FileManager.default.temporaryDirectory
      let path = folder.appendingPathComponent("toy-trigger-\(UUID().uuidString).h5").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      try trigger.save(to: path)
      let again = try Trigger.load(path).testSet(from: test, keepsUnaffected: true).images
      guard again == triggered else {
        throw broken(
          rule, "the trigger's file changes images differently from the trigger",
          "draw all random numbers in change(for:in:)")
      }
    }
  }
}
