internal import DefenseKit

extension IBDPSC {
  /// Returns the suspect with gamma and beta of its last `count` normalizations amplified.
  ///
  /// - Throws: `GraphError` if a product is not finite.
  func copy(of suspect: Model, amplifyingLast count: Int) throws -> Model {
    var copy = suspect
    copy.graph = try suspect.graph.amplifying(
      suspect.graph.normalizationsByDepth().suffix(count), by: Float(options.factor))
    return copy
  }

  /// Returns the number k of normalizations that the first copy amplifies: the smallest whose error
  /// on clean images is over ``Options/error``, else the one with the largest error.
  ///
  /// Warns in the second case.
  ///
  /// - Throws: `SampleError` with an image's position in the clean data; the execution's errors.
  func first(
    for suspect: Model, on clean: CleanData, at positions: [Int], in context: RunContext
  ) throws -> Int {
    let count = suspect.graph.normalizations.count
    var errors: [Double] = []
    // As many at a time as the detector runs: what they share is computed once.
    for start in stride(from: 1, through: count, by: options.copies) {
      let numbers = start..<min(count + 1, start + options.copies)
      errors += try self.errors(
        of: numbers.map { try copy(of: suspect, amplifyingLast: $0) }, on: clean, at: positions,
        in: context)
      if let index = errors.firstIndex(where: { $0 > options.error }) { return index + 1 }
    }
    let largest = errors.max() ?? 0
    let number = 1 + (errors.firstIndex(of: largest) ?? 0)
    context.warn(
      "ibd-psc: no number of amplified normalizations takes the error on clean images over "
        + "ibd-psc.error=\(options.error.optionText); the copies begin with \(number) of \(count), "
        + "whose error is the largest, \(rounded(largest)); raise ibd-psc.factor or lower "
        + "ibd-psc.error")
    return number
  }

  /// Returns each model's share of wrong answers.
  private func errors(
    of models: [Model], on clean: CleanData, at positions: [Int], in context: RunContext
  ) throws -> [Double] {
    let executor = try Executor(models, options: context.execution)
    do {
      let predictions = try context.phase("amplified copies", images: positions.count) {
        try executor.predictions(for: Subset(of: clean.source, positions), progress: $0)
      }
      let unit = Double(max(1, models[0].graph.multiplyAdds))
      context.count(
        run: Double(positions.count) * Double(executor.costPerImage) / unit,
        alone: Double(positions.count) * Double(executor.separateCostPerImage) / unit)
      let labels = positions.map { clean.labels[$0] }
      return predictions.map {
        1 - CleanCounts(predictions: $0, labels: labels).accuracy
      }
    } catch let error as SampleError {
      throw SampleError(index: positions[error.index], error.problem)
    }
  }

  private func rounded(_ share: Double) -> String {
    ((share * 1000).rounded() / 1000).optionText
  }
}
