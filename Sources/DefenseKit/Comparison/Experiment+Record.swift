internal import Foundation
internal import InferenceGraph
internal import ModelIO

extension Experiment {
  /// Measures one unit of a comparison; the record does not depend on other units.
  ///
  /// ```swift
  /// let repairs = try experiment.repairs(by: defense, in: context)
  /// let record = try experiment.record(
  ///   of: unit, defense, repairs, otherPlugin: GoodNet(), in: context)
  /// ```
  ///
  /// - Parameters:
  ///   - unit: The unit; `repairs` and `otherPlugin` must have been made with its plugins and seed.
  ///   - defense: The unit's defense; nil without one.
  ///   - repairs: The repaired models of the defense.
  ///   - otherPlugin: The unit's detector, data-set detector or verdict; nil without one.
  ///   - context: The execution options; its warnings are stored in the record.
  /// - Returns: The record. If the defense made no repaired model, it is a failure with the
  ///   warnings as its reason.
  /// - Throws: Like ``Experiment/evaluate(_:_:in:)``; ``PluginError`` for a detector that compares
  ///   models in a unit without a defense.
  public func record(
    of unit: ComparisonUnit, _ defense: (any Defense)?, _ repairs: [Repair],
    otherPlugin: (any Plugin)?, in context: RunContext
  ) throws -> ComparisonRecord {
    var detector: (any Detector)?
    switch otherPlugin?.byKind {
    case .verdict(let scanner): return try record(of: unit, verdict: scanner, in: context)
    case .dataSetDetector(let detector):
      return try record(of: unit, dataSetDetector: detector, in: context)
    case .detector(let plugin): detector = plugin
    case .defense, .attack, nil: break
    }
    var experiment = self
    experiment.replaysCurves = detector == nil
    if let detector, defense == nil, detector.comparesModels {
      throw PluginError(
        .badOption,
        "compares the model with repaired copies", about: .plugin(type(of: detector).name),
        remedies: [.give("a defense", for: "defense")])
    }
    var record = ComparisonRecord(unit)
    if defense != nil, repairs.isEmpty {
      record.warnings = context.statistics.warnings
      record.failure = (["made no repaired model"] + record.warnings).joined(separator: ": ")
      return record
    }
    let evaluation = try experiment.evaluate(repairs, [detector].compactMap { $0 }, in: context)
    record.classCount = suspect.classCount
    record.suspect = ComparisonRecord.ModelFigures(evaluation.suspect)
    let samples = clean?.count ?? 0
    let plugins: [any Plugin] = [defense, otherPlugin].compactMap { $0 }
    let learns = plugins.contains { $0.needsCleanData }
    if defense == nil {
      record.rows = [
        .init(
          model: .init(evaluation.suspect),
          detector: evaluation.suspectDetectors.first.map { .init($0) },
          cleanSamples: learns ? samples : 0)
      ]
    } else {
      var titles = NameSet()
      record.rows = evaluation.repairs.map { result in
        let repair = result.repair
        let title = [repair.drop.map { "\($0.optionText) %" }, repair.note].compactMap { $0 }
          .joined(separator: ", ")
        // Rows with equal titles would count as different seeds of one row.
        let ownTitle = titles.take(title) { title.isEmpty ? "\($0)" : "\(title) (\($0))" }
        return .init(
          title: ownTitle, pruned: repair.pruned, model: .init(result.result),
          detector: result.detectors.first.map { .init($0) },
          cleanSamples: learns ? samples : 0)
      }
    }
    if detector == nil { record.curve = evaluation.curves.first.map { .init($0) } }
    if unit.plugins.isEmpty {
      record.picture = try samplePicture()
    }
    record.warnings = context.statistics.warnings
    return record
  }
}

extension Experiment {
  /// Returns the record of a verdict, with one row for the suspect.
  private func record(
    of unit: ComparisonUnit, verdict scanner: any ModelScanner, in context: RunContext
  ) throws -> ComparisonRecord {
    let result = try verdict(by: scanner, in: context).result
    let samples = scanner.needsCleanData ? clean?.count ?? 0 : 0
    return record(of: unit, .init(model: .init(), verdict: result, cleanSamples: samples), context)
  }

  /// Returns the record of a data-set detector, with one row for the suspect's training set.
  private func record(
    of unit: ComparisonUnit, dataSetDetector detector: any DataSetDetector,
    in context: RunContext
  ) throws -> ComparisonRecord {
    let counts = try scores(by: detector, in: context).counts
    let samples = detector.needsCleanData ? clean?.count ?? 0 : 0
    return record(of: unit, .init(model: .init(), dataSet: counts, cleanSamples: samples), context)
  }

  private func record(
    of unit: ComparisonUnit, _ row: ComparisonRecord.Row, _ context: RunContext
  ) -> ComparisonRecord {
    var record = ComparisonRecord(unit)
    record.classCount = suspect.classCount
    record.rows = [row]
    record.warnings = context.statistics.warnings
    return record
  }
}

extension ComparisonRecord.ModelFigures {
  /// Converts the result of a model or a detector.
  init(_ result: Evaluation.ModelResult) {
    let poisoned = result.poisoned?.counted
    // Without images there is no share.
    self.init(
      test: result.test, poisoned: poisoned?.images == 0 ? nil : poisoned,
      byClass: result.byClass, byGroup: result.byGroup)
  }
}

extension ComparisonRecord.DetectorFigures {
  /// Converts the result of a detector, with its ROC curve and score histogram.
  init(_ result: Evaluation.DetectorResult) {
    self.init(
      answers: .init(result.result), auroc: result.auroc, roc: result.scores.roc(),
      histogram: result.scores.histogram())
  }
}

extension ComparisonRecord.Curve {
  /// Converts the counts of a sweep to shares.
  init(_ result: Evaluation.CurveResult) {
    self.init(
      layer: result.curve.layer, order: result.curve.order,
      clean: result.curve.correct.map { share($0, result.curve.images) },
      test: result.replay.compactMap { $0.test?.accuracy },
      poisoned: result.replay.compactMap { $0.poisoned?.counted }.filter { $0.images > 0 }
        .map(\.successRate))
  }
}

extension Experiment {
  /// Returns a PNG picture of test images above and as many poisoned ones below; nil if the
  /// inputs are not images or a set is missing.
  func samplePicture(columns: Int = 8) throws -> Data? {
    let shape = suspect.graph.inputShape
    guard let test, let poisoned, shape.count == 3, [1, 3].contains(shape[2]) else { return nil }
    var sheet = ContactSheet(imageShape: shape)
    sheet.append(try pictures(of: test.source, columns))
    sheet.append(try pictures(of: poisoned.images.source, columns))
    // Small images are stored unscaled and enlarged for display, so that a page can hold the
    // pictures of 25 models.
    let isSmall = shape[0] <= 128 && shape[1] <= 128
    return Data(try (isSmall ? sheet.pixelImage(scale: 1, gap: 1) : sheet.pixelImage()).png())
  }

  /// Returns the first images of a source as bytes, `[height][width][channels]` each.
  private func pictures(of source: any SampleSource, _ count: Int) throws -> [[UInt8]] {
    let values = try source.values(of: 0..<min(count, source.count))
    // The values are bytes, or floats of 0...1.
    let factor: Float = (values.max() ?? 0) <= 1 ? 255 : 1
    let bytes = values.map { UInt8(max(0, min(255, ($0 * factor).rounded()))) }
    let size = source.imageShape.reduce(1, *)
    return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<$0 + size]) }
  }
}
