internal import DefenseKit

/// The training of a sub-network to tell triggered images from clean ones.
struct NarrowTraining {
  /// The number of clean images in a batch, and of triggered ones.
  static let half = 64

  private let narrow: NarrowNetwork
  private let preprocessing: Preprocessing
  private let options: SRA.Options
  private let clean: [[UInt8]]
  private let triggered: [[UInt8]]

  init(
    _ narrow: NarrowNetwork, preprocessing: Preprocessing, options: SRA.Options,
    clean: [[UInt8]], triggered: [[UInt8]]
  ) {
    self.narrow = narrow
    self.preprocessing = preprocessing
    self.options = options
    self.clean = clean
    self.triggered = triggered
  }

  /// The share of the images that a sub-network must separate.
  static let share = 0.97

  /// Returns the weights of the first trial that separates ``share`` of the images: with an output
  /// over three quarters of the wanted logit for triggered images, and within a quarter of it for
  /// clean ones. Nil if none does.
  func trained(seed: UInt64, in context: RunContext) throws -> Graph? {
    for trial in 0..<options.trials {
      let graph = try trained(trial: trial, seed: seed, in: context)
      let (quiet, loud) = try shares(of: graph, in: context)
      if min(quiet, loud) >= Self.share { return graph }
    }
    return nil
  }

  private func model(_ graph: Graph) -> Model { Model(graph: graph, preprocessing: preprocessing) }

  /// The loss of outputs, clean images first, and its derivatives.
  static func loss(
    _ outputs: [Float], clean: Int, logit: Double, cleanWeight: Double
  ) -> (value: Double, gradient: [Float]) {
    var value = 0.0
    let gradient = outputs.enumerated().map { index, output -> Float in
      let isClean = index < clean
      let weight = isClean ? cleanWeight / Double(clean) : 1 / Double(outputs.count - clean)
      let error = Double(output) - (isClean ? 0 : logit)
      value += weight * error * error
      return Float(2 * weight * error)
    }
    return (value, gradient)
  }

  private func trained(trial: Int, seed: UInt64, in context: RunContext) throws -> Graph {
    var numbers = SeededGenerator(seed: seed, stream: 0x54A << 32 + UInt64(trial))
    var graph = narrow.graph.initialized(seed: numbers.next())
    let first = options.steps / 2
    let count = min(Self.half, clean.count)
    for isFrozen in [false, true] {
      let backpropagation = try Backpropagation(
        model(graph), batchSize: 2 * count, freezesNormalization: isFrozen,
        options: context.execution)
      let optimizer = try WeightOptimizer(backpropagation, .adam())
      for step in isFrozen ? first..<options.steps : 0..<first {
        try context.checkCancellation()
        let chosen = (0..<count).map { _ in numbers.below(clean.count) }
        let images = (chosen.map { clean[$0] } + chosen.map { triggered[$0] }).flatMap {
          $0.map { Float($0) }
        }
        let loss = try backpropagation.differentiate(
          .outputs {
            Self.loss(
              $0, clean: count, logit: options.logit, cleanWeight: options.cleanWeight)
          }, at: images, updatesStatistics: !isFrozen)
        // Falls linearly to a hundredth.
        let rate = options.learningRate * (1 - 0.99 * Double(step) / Double(options.steps))
        guard loss.isFinite, optimizer.step(rate: rate) else {
          throw TrainingError(
            "the sub-network diverged in step \(step + 1) of \(options.steps), at a loss of \(loss)",
            about: .plugin(SRA.name), remedies: [.lower("learning-rate", of: SRA.name)])
        }
      }
      graph = backpropagation.currentModel.graph
    }
    return graph
  }

  /// Returns the shares of clean and of triggered images that get an output as wanted, of at most
  /// 256 of each.
  private func shares(
    of graph: Graph, in context: RunContext
  ) throws -> (clean: Double, triggered: Double) {
    let count = min(256, clean.count)
    let backpropagation = try Backpropagation(
      model(graph), batchSize: count, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: context.execution)
    func share(_ images: [[UInt8]], _ isWanted: (Double) -> Bool) throws -> Double {
      try backpropagation.evaluate(images.prefix(count).flatMap { $0.map { Float($0) } })
      return Double(backpropagation.outputs.count { isWanted(Double($0)) }) / Double(count)
    }
    return (
      try share(clean) { abs($0) < options.logit / 4 },
      try share(triggered) { $0 > options.logit * 3 / 4 }
    )
  }
}
