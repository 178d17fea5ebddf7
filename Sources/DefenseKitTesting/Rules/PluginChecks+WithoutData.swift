internal import DefenseKit

extension PluginChecks {
  /// Checks that a plugin which declares that it learns nothing gets along without images.
  func checkWithoutData() throws {
    let rule = PluginRule.withoutData
    let plugin = try makePlugin(for: rule)
    let images = try problem.inspectedImages.dataSet()
    try forEachTrial(rule) { trial in
      let models = try trial.materials.copied().models
      do {
        try onOwnThread(deadline: deadline) {
          let context = Conditions().context
          if let defense = plugin as? any Defense {
            _ = try Experiment(suspect: models[0], clean: nil).run([defense], in: context)
          } else if let detector = plugin as? any Detector {
            _ = try detector.verdicts(
              on: images, suspect: models[0], repaired: models[1], using: nil, in: context)
          }
        }
      } catch let error as DeadlinePassed {
        throw error
      } catch let error as PluginError where error.code == .unsuitableModel {
        throw error
      } catch {
        throw broken(
          rule, "without clean images it ended on \(trial.name) with an error: \(oneLine(error))",
          "do without images where there are none, or leave learnsFromCleanData true")
      }
    }
  }
}
