internal import DefenseKit

/// The output files of a run and their contents.
struct Artifacts: Sendable {
  private var models: [(file: String, model: Model, format: ModelFormat)] = []
  private var names = NameSet()
  /// The run's results, with the file names of repaired models and detectors.
  private(set) var evaluation: Evaluation

  /// Prepares all models, so that a model that cannot be written ends the run early.
  ///
  /// - Parameters:
  ///   - compact: Whether pruned channels are removed instead of masked.
  ///   - format: The format of the models. Detectors that compare models are networks of their own:
  ///     with weights alone, ONNX.
  ///   - isWritten: Whether there is an output folder; otherwise there are no files.
  init(
    _ suspect: Model, _ evaluation: Evaluation, _ detectors: [any Detector], compact: Bool,
    as format: ModelFormat, isWritten: Bool
  ) throws {
    self.evaluation = evaluation
    guard isWritten else { return }
    let detectors = detectors.filter { $0.comparesModels }
    for (index, result) in evaluation.repairs.enumerated() {
      let repair = result.repair
      var model = repair.model
      // A defense may have made the model anew.
      model.origin = suspect.origin
      if compact { model.graph = try model.graph.removing(repair.pruned) }
      self.evaluation.repairs[index].file = add(
        model, named: repair.fileStem, as: format)
      for (position, detector) in detectors.enumerated() {
        guard var combined = try detector.model(suspect: suspect, repaired: model) else { continue }
        combined.origin = suspect.origin
        self.evaluation.repairs[index].detectors[position].file = add(
          combined, named: "\(type(of: detector).name)-\(repair.fileStem)",
          as: format.holdsOnlyWeights ? .onnx : format)
      }
    }
  }

  /// Writes the models, the curve, its chart and the report to a folder.
  func write(to folder: String, report: String) throws {
    for (file, model, format) in models {
      try ModelFile.save(model, as: format, to: "\(folder)/\(file)")
    }
    if let first = evaluation.curves.first {
      try AtomicFile.write(evaluation.curveCSV, to: "\(folder)/curve.csv")
      let chart = CurveChart(first, repairs: evaluation.repairs.map(\.repair))
      try AtomicFile.write(chart.svg, to: "\(folder)/curve.svg")
    }
    try AtomicFile.write(report, to: "\(folder)/report.json")
  }

  /// Adds a model and returns the name of its file.
  private mutating func add(
    _ model: Model, named stem: String, as format: ModelFormat
  ) -> String {
    let end = ModelFile.fileExtension(of: model, as: format)
    let file = names.take("\(stem).\(end)") { "\(stem)-\($0).\(end)" }
    models.append((file, model, format))
    return file
  }
}

extension Graph {
  /// Removes pruned channels, all layers at once.
  ///
  /// Channels pruned at a batch normalization stay masked, because other layers read the same
  /// input.
  fileprivate func removing(_ pruned: [PrunedChannels]) throws(GraphError) -> Graph {
    let layers = prunableLayers
    return try removing(
      Dictionary(
        pruned.filter { layers.contains($0.layer) }.map { ($0.layer, $0.channels) },
        uniquingKeysWith: +))
  }
}
