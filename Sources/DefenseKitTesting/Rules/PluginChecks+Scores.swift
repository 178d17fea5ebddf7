internal import DefenseKit

extension PluginChecks {
  func checkModelVerdict() throws {
    let rule = PluginRule.modelVerdict
    let plugin = try makePlugin(for: rule)
    guard case .verdict(let scanner) = plugin.byKind else { return }
    try forEachTrial(rule) { trial in
      let materials = try trial.materials.copied()
      let verdict = try onOwnThread(deadline: deadline) {
        try scanner.scan(
          materials.models[0], using: materials.clean(), in: Conditions().context)
      }
      guard !verdict.statistic.isNaN, verdict.threshold.isFinite else {
        throw broken(
          rule,
          "the statistic on \(trial.name) is \(verdict.statistic), the threshold "
            + "\(verdict.threshold)", "refuse the model with PluginError(.unsuitableModel, ...)")
      }
      let classes = materials.models[0].classCount
      guard verdict.classScores.count == classes, !verdict.classScores.contains(where: \.isNaN)
      else {
        throw broken(
          rule,
          "\(verdict.classScores.count) scores for \(classes) classes on \(trial.name), or a score "
            + "is not a number",
          "give each class a score, and the lowest to a class without "
            + "one")
      }
      guard verdict.targets.isEmpty || verdict.isBackdoored,
        Set(verdict.targets).count == verdict.targets.count,
        verdict.targets.allSatisfy({ (0..<classes).contains($0) })
      else {
        throw broken(
          rule, "the target classes on \(trial.name) are \(verdict.targets) of \(classes)",
          "name each class once, and none if the statistic does not exceed the threshold")
      }
      let shape = materials.models[0].graph.inputShape
      guard
        verdict.triggers.allSatisfy({ $0.imageShape == shape && $0.goal.classCount == classes })
      else {
        throw broken(
          rule, "a trigger found on \(trial.name) does not fit the model",
          "make triggers for images of \(shape) and \(classes) classes")
      }
    }
  }

  func checkDataSetScores() throws {
    let rule = PluginRule.dataSetScores
    let plugin = try makePlugin(for: rule)
    guard case .dataSetDetector(let detector) = plugin.byKind else { return }
    let clean = try problem.clean
    try forEachTrial(rule) { trial in
      let materials = try trial.materials.copied()
      let scores = try onOwnThread(deadline: deadline) {
        try Trial.scores(by: detector, materials, using: clean, Conditions())
      }
      let count = materials.images.count
      guard scores.scores.count == count else {
        throw broken(
          rule, "\(scores.scores.count) scores for \(count) images of \(trial.name)",
          "give every image a score, NaN for none")
      }
      let dropped = scores.dropped ?? []
      guard dropped.allSatisfy({ (0..<count).contains($0) }),
        zip(dropped, dropped.dropFirst()).allSatisfy({ $0 < $1 })
      else {
        throw broken(
          rule, "the images dropped on \(trial.name) are \(dropped.prefix(10))",
          "drop positions in the set, each once, in ascending order")
      }
    }
  }
}
