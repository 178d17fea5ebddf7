internal import InferenceGraph
extension TrainingOptions {
  /// Checks everything that does not depend on the images.
  ///
  /// - Throws: ``TrainingError`` for the first option out of range.
  func check() throws(TrainingError) {
    try require(
      (1...1_000_000).contains(epochs), "epochs", "\(epochs)", "an integer from 1 to 1,000,000")
    try require(batchSize >= 1, "batchSize", "\(batchSize)", "a positive integer")
    try checkOptimizer()
    try require(
      learningRate > 0 && learningRate.isFinite, "learningRate", "\(learningRate)",
      "a finite number over 0")
    if case .step(let starts, let factor) = schedule {
      let isAscending = zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
      try require(
        isAscending && starts.allSatisfy { $0 >= 0 }, "schedule", "step(at: \(starts))",
        "epochs counted from 0, in ascending order")
      try require(
        factor > 0 && factor.isFinite, "schedule", "step(factor: \(factor))",
        "a finite factor over 0")
    }
    try require(
      weightDecay >= 0 && weightDecay.isFinite, "weightDecay", "\(weightDecay)",
      "a finite number of at least 0")
    try require(
      (0..<1).contains(labelSmoothing), "labelSmoothing", "\(labelSmoothing)",
      "a number from 0 to under 1")
    if let clipping {
      try require(
        clipping > 0 && clipping.isFinite, "clipping", "\(clipping)", "a finite number over 0")
    }
    if let patience {
      try require(patience >= 1, "patience", "\(patience)", "a positive integer, or nil")
    }
  }

  private func checkOptimizer() throws(TrainingError) {
    switch optimizer {
    case .sgd(let momentum, let nesterov):
      try require(
        (0..<1).contains(momentum), "optimizer", "sgd(momentum: \(momentum))",
        "a momentum from 0 to under 1")
      try require(
        !nesterov || momentum > 0, "optimizer", "sgd(momentum: 0, nesterov: true)",
        "a momentum over 0 for Nesterov")
    case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
      try require(
        (0..<1).contains(beta1), "optimizer", "beta1 \(beta1)", "a beta1 from 0 to under 1")
      try require(
        (0..<1).contains(beta2), "optimizer", "beta2 \(beta2)", "a beta2 from 0 to under 1")
      // Smaller values underflow to zero as 32-bit floats, and 0 / 0 is NaN.
      try require(
        epsilon >= 1e-30 && epsilon.isFinite, "optimizer", "epsilon \(epsilon)",
        "a finite epsilon of at least 1e-30")
    }
  }

  /// Checks the images against the model and the options.
  ///
  /// - Throws: ``TrainingError`` for the first violation.
  func check(
    _ data: TrainingSet, _ heldOut: TrainingSet?, for model: Model
  ) throws(TrainingError) {
    if let patience, heldOut == nil {
      throw TrainingError(
        "is \(patience), but there are no held-out images to decide when to stop",
        about: .option("patience"),
        remedies: [.give("held-out images", for: "heldOut"), .omit("patience")])
    }
    if let heldOut, heldOut.source.count == 0 {
      throw TrainingError(
        "the held-out set is empty; give images in it, or no held-out set")
    }
    guard data.source.count >= batchSize else {
      throw TrainingError(
        "there are \(data.source.count) images to train on, fewer than one batch of \(batchSize)",
        remedies: [.advice("give more images"), .lower("batchSize")])
    }
    if let targets = data.targets {
      precondition(
        targets.count == data.labels.count * model.classCount,
        "\(targets.count) targets for \(data.labels.count) images and \(model.classCount) classes")
      if let index = targets.firstIndex(where: { !$0.isFinite }) {
        throw TrainingError(
          "its targets are not finite", about: .image(index / model.classCount),
          remedies: [.advice("leave such images out")])
      }
    }
    for (set, name) in [(data, "image"), (heldOut ?? data, "held-out image")] {
      guard set.source.imageShape == model.graph.inputShape else {
        throw TrainingError(
          "the \(name)s have the shape \(set.source.imageShape), but the model takes "
            + "\(model.graph.inputShape)")
      }
      let classes = 0..<Int32(clamping: model.classCount)
      if let index = set.labels.firstIndex(where: { !classes.contains($0) }) {
        throw TrainingError(
          "\(name) \(index) has the label \(set.labels[index]), but the model's classes are 0 to "
            + "\(model.classCount - 1)")
      }
    }
    try checkAugmentation(model.graph.inputShape)
    if requiresAllClasses { try checkClasses(of: data, model.classCount) }
    for node in model.graph.nodes
    where node.operation.weights.contains(where: { $0.firstNonFinite != nil }) {
      throw TrainingError(
        "it has weights that are not finite before the training, so it cannot be trained",
        about: .layer(node.name))
    }
  }

  private func checkAugmentation(_ shape: [Int]) throws(TrainingError) {
    let share = augmentation.overlay
    try require(
      share >= 0 && share < 1, "augmentation.overlay", "\(share)", "a number from 0 to under 1")
    guard augmentation.shift != 0 || augmentation.flip else { return }
    guard shape.count == 3 else {
      throw TrainingError(
        "takes images of height, width and channels, not the shape \(shape)",
        about: .option("augmentation"))
    }
    let largest = min(shape[0], shape[1]) - 1
    try require(
      (0...largest).contains(augmentation.shift), "augmentation.shift", "\(augmentation.shift)",
      "an integer from 0 to \(largest) for images of \(shape[0]) x \(shape[1])")
  }

  private func checkClasses(of data: TrainingSet, _ count: Int) throws(TrainingError) {
    let missing = data.missingClasses(of: count)
    guard let first = missing.first else { return }
    let list = missing.prefix(10).map { "\($0)" }.joined(separator: ", ")
    let which = missing.count == 1 ? "class \(first)" : "\(missing.count) classes (\(list)"
    let end = missing.count == 1 ? "" : missing.count > 10 ? ", ...)" : ")"
    throw TrainingError(
      "the images to train on have none of \(which)\(end)",
      remedies: [
        .advice("give some of every class"), .set("requiresAllClasses", to: ["false"]),
      ])
  }

  private func require(
    _ isGood: Bool, _ option: String, _ value: String, _ range: String
  ) throws(TrainingError) {
    if !isGood { throw TrainingError("is \(value), but takes \(range)", about: .option(option)) }
  }
}

extension TrainingSet {
  /// Returns the classes without an image, in ascending order.
  ///
  /// - Parameter classCount: The number of classes; all labels are below it.
  public func missingClasses(of classCount: Int) -> [Int] {
    var isPresent = [Bool](repeating: false, count: classCount)
    for label in labels where isPresent.indices.contains(Int(label)) {
      isPresent[Int(label)] = true
    }
    return isPresent.indices.filter { !isPresent[$0] }
  }
}
