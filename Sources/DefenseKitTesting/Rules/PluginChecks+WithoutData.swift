internal import DefenseKit

extension PluginChecks {
  /// Checks that a plugin that does not require clean images works without them.
  func checkWithoutData() throws {
    let rule = PluginRule.withoutData
    let plugin = try makePlugin(for: rule)
    let images = try problem.classifiedImages.dataSet()
    let training = try problem.poisonedTraining
    try forEachTrial(rule) { trial in
      let models = try trial.materials.copied().models
      do {
        try onOwnThread(deadline: deadline) {
          let context = Conditions().context
          switch plugin.byKind {
          case .defense(let defense):
            _ = try Experiment(suspect: models[0], clean: nil).run([defense], in: context)
          case .detector(let detector):
            _ = try detector.detections(
              on: images, suspect: models[0],
              repaired: detector.comparesModels ? Repair(models[1]) : nil,
              using: nil, in: context)
          case .verdict(let scanner):
            _ = try scanner.scan(models[0], using: nil, in: context)
          case .dataSetDetector(let detector):
            _ = try detector.scores(of: training, model: models[0], using: nil, in: context)
          case .attack: break
          }
        }
      } catch let error as DeadlinePassed {
        throw error
      } catch let error as PluginError where error.code == .unsuitableModel {
        throw error
      } catch {
        throw broken(
          rule, "without clean images, it ended on \(trial.name) with an error: \(oneLine(error))",
          "work without clean images, or add .cleanData to requirements")
      }
    }
  }
}
