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
      let classes = models[0].classCount
      if let index = detections.firstIndex(where: { !isPossible($0.prediction, classes) }) {
        throw broken(
          rule,
          "image \(index) of \(trial.name) gets the prediction \(detections[index].prediction)",
          "return a class from 0 to \(classes - 1), flagged, no verdict or undefined")
      }
      guard let model = try detector.model(suspect: models[0], repaired: models[1]) else { return }
      guard model.classCount == classes + 1 else {
        throw broken(
          rule,
          "its model of \(trial.name) has \(model.classCount) outputs for \(classes) classes",
          "return a model with one output for each class and one for triggered images, or nil")
      }
      let predictions = try Executor([model], options: Conditions().context.execution)
        .predictions(for: images.dataSet())[0]
        .map { $0 == .class(classes) ? .flagged : $0 }
      if let index = predictions.indices.first(where: {
        predictions[$0] != detections[$0].prediction
      }) {
        throw broken(
          rule,
          "image \(index) of \(trial.name) gets the prediction \(detections[index].prediction) "
            + "from the detector and \(predictions[index]) from its model",
          "return a model whose argmax is the prediction, or nil")
      }
    }
  }

  private func isPossible(_ prediction: Prediction, _ classCount: Int) -> Bool {
    guard case .class(let number) = prediction else { return true }
    return (0..<classCount).contains(number)
  }
}
