internal import DefenseKit

/// The files of a run: which there are, and what is in them.
struct Artifacts: Sendable {
  private var models: [(file: String, model: Model)] = []
  /// The file of every repair; nil if none is written.
  private(set) var repairFiles: [String?] = []
  /// The file of every repair's every detector that is a model.
  private(set) var detectorFiles: [[String?]] = []

  /// Prepares all models, so that one that cannot be written as asked stops the run early.
  ///
  /// - Parameters:
  ///   - compact: Whether pruned channels are removed instead of zeroed.
  ///   - isWritten: Whether there is an output folder; if not, there are no files.
  init(
    _ suspect: Model, _ evaluation: Evaluation, _ detectors: [any Detector], compact: Bool,
    isWritten: Bool
  ) throws {
    let detectors = detectors.filter { type(of: $0).comparesModels }
    for result in evaluation.repairs {
      guard isWritten else {
        repairFiles.append(nil)
        detectorFiles.append(detectors.map { _ in nil })
        continue
      }
      let repair = result.repair
      var model = repair.model
      if compact { model.graph = try model.graph.removing(repair.pruned) }
      let file = unused(repair.fileStem)
      repairFiles.append(file)
      models.append((file, model))
      var files: [String?] = []
      for detector in detectors {
        guard let combined = try detector.model(suspect: suspect, repaired: model) else {
          files.append(nil)
          continue
        }
        let name = unused("\(type(of: detector).name)-\(repair.fileStem)")
        files.append(name)
        models.append((name, combined))
      }
      detectorFiles.append(files)
    }
  }

  /// Writes the models, the curve, its picture and the report into a folder.
  func write(to folder: String, _ evaluation: Evaluation, report: String) throws {
    for (file, model) in models { try KerasModel.save(model, to: "\(folder)/\(file)") }
    if let first = evaluation.curves.first {
      try AtomicFile.write(evaluation.curveCSV, to: "\(folder)/curve.csv")
      let chart = CurveChart(first, repairs: evaluation.repairs.map(\.repair))
      try AtomicFile.write(chart.svg, to: "\(folder)/curve.svg")
    }
    try AtomicFile.write(report, to: "\(folder)/report.json")
  }

  /// A file name that no other model has.
  private func unused(_ stem: String) -> String {
    var name = "\(stem).h5"
    var number = 2
    while models.contains(where: { $0.file == name }) {
      name = "\(stem)-\(number).h5"
      number += 1
    }
    return name
  }
}

extension Graph {
  /// Removes what a defense pruned, all layers at once.
  ///
  /// Channels that were pruned at a batch normalization stay, masked: other layers read what it reads.
  fileprivate func removing(_ pruned: [PrunedChannels]) throws(GraphError) -> Graph {
    let layers = prunableLayers
    return try removing(
      Dictionary(
        pruned.filter { layers.contains($0.layer) }.map { ($0.layer, $0.channels) },
        uniquingKeysWith: +))
  }
}
