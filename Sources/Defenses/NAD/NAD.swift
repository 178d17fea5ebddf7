public import DefenseKit

/// Distills the attention of a fine-tuned teacher into the suspect.
///
/// The teacher is the suspect, fine-tuned on clean images. The student is the suspect too. It is
/// trained on the same images to minimize
///
///     cross-entropy + sum over layers l of beta_l * mean((M_l(student) - M_l(teacher))^2)
///
/// with the attention map M of a layer: the sum over channels of |F|^p at each pixel, divided by
/// its L2 norm over the pixels. The mean is over images and pixels, hence large beta. Teacher and
/// student are trained by gradient descent with momentum 0.9; the teacher runs as at inference
/// meanwhile. The student keeps the weights of its last epoch. No choice depends on triggered
/// images.
///
/// By default the layers are the last ones of each image size on all paths through the network,
/// the three smallest sizes above one pixel. The authors also erase random squares of the images
/// (cutout), which this defense does not.
///
/// Source: Li, Lyu, Koren, Lyu, Li and Ma, "Neural Attention Distillation: Erasing Backdoor
/// Triggers from Deep Neural Networks", ICLR 2021, section 3.
public struct NAD: Defense {
  /// "nad".
  public static let name = "nad"
  /// One sentence for listings.
  public static let summary =
    "Fine-tunes the model towards the attention maps of a fine-tuned teacher."

  /// The options of this defense.
  public let options: Options

  /// Creates the defense with all defaults.
  public init() { options = Options() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if an option is out of range.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Trains teacher and student, and returns the student.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without layers whose values
  ///   are images, with code `badOption` for an unknown layer, with code `untrainable` for too few
  ///   images or a diverging training; `GraphError` for a model that cannot be differentiated;
  ///   `DataError`; `CancellationError`.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    try context.checkCancellation()
    let clean = try required(clean)
    let layers = try layers(of: model)
    let teacher = try FineTuner(teacherTuning, for: Self.name).tune(
      model, using: clean, "teacher", in: context)
    context.checkBaseline(
      correct: teacher.initial.correct, images: clean.count, of: model, on: clean)
    let held = Set(teacher.heldOut)
    let learned = try clean.contentOrder().filter { !held.contains($0) }
    let repaired = try student(
      of: model, teacher: teacher.model, layers: layers, on: clean, learned, in: context)
    let predictions = try Executor([repaired], options: context.execution)
      .predictions(for: clean.source)[0]
    func counts(_ places: [Int]) -> CleanCounts {
      CleanCounts(
        predictions: places.map { predictions[$0] }, labels: places.map { clean.labels[$0] })
    }
    let after = held.isEmpty ? nil : counts(teacher.heldOut)
    warn(from: teacher.summary.before, to: after, in: context)
    return [
      Repair(
        model: repaired, defense: Self.name, heldOut: teacher.heldOut,
        clean: counts(Array(0..<clean.count)),
        tuning: TuningSummary(
          epochs: options.epochs, images: learned.count, before: teacher.summary.before,
          after: after))
    ]
  }

  /// Warns if the student lost more than 10 points of held-out accuracy: its rectifiers may be dead.
  private func warn(from before: CleanCounts?, to after: CleanCounts?, in context: RunContext) {
    guard let before, let after, after.accuracy < before.accuracy - 0.1 else { return }
    context.warn(
      PluginError(
        .untrainable,
        "took held-out accuracy from \(before.correct) to \(after.correct) of \(after.images) images",
        about: .plugin(Self.name),
        remedies: [.lower("learning-rate", of: Self.name), .lower("weights", of: Self.name)]))
  }

  private func student(
    of model: Model, teacher: Model, layers: [String], on clean: CleanData, _ learned: [Int],
    in context: RunContext
  ) throws -> Model {
    // Another order of the images than the teacher's.
    let batches = try TrainingBatches(
      TrainingSet(
        Subset(of: clean.source, learned), labels: learned.map { clean.labels[$0] }),
      batchSize: options.batch,
      augmentation: Augmentation(shift: options.shift, flip: options.flip),
      seed: context.seed &+ 1)
    let student = try Student(
      model, teacher: teacher, layers: layers, batchSize: batches.largestBatch, options,
      context.execution)
    var done = 0
    try context.phase("student", images: options.epochs * learned.count) { progress in
      for epoch in 0..<options.epochs {
        let rate = student.rate(epoch: epoch)
        for (step, batch) in batches.epoch(epoch).enumerated() {
          try context.checkCancellation()
          let result: (loss: Double, isFinite: Bool)
          do {
            result = try student.step(batch, rate: rate)
          } catch is TrainingError {
            result = (.nan, false)
          }
          guard result.isFinite else {
            throw PluginError(
              .untrainable,
              "stopped: the student diverged in epoch \(epoch + 1) of \(options.epochs), step "
                + "\(step + 1) of \(batches.stepsPerEpoch), with a loss of "
                + "\(result.loss.isNaN ? "NaN" : result.loss.optionText) at a learning rate of "
                + rate.optionText, about: .plugin(Self.name),
              remedies: [.lower("learning-rate", of: Self.name)])
          }
          done += batch.count
          progress(done)
        }
      }
    }
    // The teacher's pass and three of the student's: forward, to weights, to values.
    context.count(run: Double(4 * done), alone: Double(4 * done))
    return student.model
  }

  // MARK: Layers

  /// Returns the names of the layers whose attention is distilled.
  func layers(of model: Model) throws(PluginError) -> [String] {
    let graph = model.graph
    guard let names = options.layers else {
      let found = Self.automaticLayers(of: graph)
      guard found.isEmpty else { return found }
      throw PluginError(
        .unsuitableModel,
        "needs a layer whose values are an image of more than one pixel, which '\(model.name)' "
          + "lacks", about: .plugin(Self.name),
        remedies: [.advice("try fine-tuning, which needs none")])
    }
    let reaching = Set(graph.cutNodes.map { graph.nodes[$0].name })
    for name in names {
      guard let index = graph.index(of: name), index > 0, reaching.contains(name),
        graph.nodes[index].shape.count == 3, index != graph.output
      else {
        throw PluginError(
          option: "layers", of: Self.name,
          "names '\(name)', which is no layer of '\(model.name)' that all paths pass and whose "
            + "values are an image",
          remedies: [
            .advice("name \(Self.automaticLayers(of: graph).joined(separator: ",")), for example")
          ])
      }
    }
    return names
  }

  /// Returns the last layers of each image size on all paths, up to three: those nearest to the
  /// output.
  static func automaticLayers(of graph: Graph) -> [String] {
    var (found, extents): ([String], [[Int]]) = ([], [])
    var hasWeights = false
    for index in graph.cutNodes {
      let node = graph.nodes[index]
      hasWeights = hasWeights || !node.operation.weights.isEmpty
      guard hasWeights, node.shape.count == 3, node.shape[0] * node.shape[1] > 1,
        index != graph.output
      else { continue }
      if case .trainingOnly = node.operation { continue }
      let extent = Array(node.shape[..<2])
      if extent == extents.last {
        found[found.count - 1] = node.name
      } else {
        found.append(node.name)
        extents.append(extent)
      }
    }
    return Array(found.suffix(3))
  }
}
