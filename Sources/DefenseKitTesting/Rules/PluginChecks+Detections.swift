internal import DefenseKit

extension PluginChecks {
  func checkDetections() throws {
    let rule = PluginRule.detections
    let plugin = try makePlugin(for: rule)
    guard case .detector(let detector) = plugin.byKind else { return }
    let images = try problem.classifiedImages
    try forEachTrial(rule) { trial in
      guard trial.learn != nil else { return }
      let detections = try detections(by: plugin, in: trial, on: images)
      let models = trial.materials.models
      let flag = Int32(models[0].classCount)
      if let index = detections.firstIndex(where: { !(noClass...flag).contains($0.label) }) {
        throw broken(
          rule, "image \(index) of \(trial.name) gets the label \(detections[index].label)",
          "return a class from 0 to \(flag - 1), \(flag) for a triggered image, or noClass")
      }
      guard let model = try detector.model(suspect: models[0], repaired: models[1]) else { return }
      guard model.classCount == Int(flag) + 1 else {
        throw broken(
          rule,
          "its model of \(trial.name) has \(model.classCount) outputs for \(flag) classes",
          "return a model with one output for each class and one for triggered images, or nil")
      }
      let predictions = try Executor([model], options: Conditions().context.execution)
        .predictions(for: images.dataSet())[0]
      if let index = predictions.indices.first(where: { predictions[$0] != detections[$0].label }) {
        throw broken(
          rule,
          "image \(index) of \(trial.name) gets the label \(detections[index].label) from the "
            + "detector and \(predictions[index]) from its model",
          "return a model whose argmax is the verdict, or nil")
      }
    }
  }
}
