internal import InferenceGraph

extension Backpropagation {
  /// Differentiates a loss at a batch of images.
  ///
  /// Values and gradients stay readable until the next batch.
  ///
  /// - Parameters:
  ///   - loss: The loss.
  ///   - images: `[images][height][width][channels]`, in the units of a data set (before the
  ///     model's input scale); at most ``batchSize``.
  ///   - seed: Determines dropout.
  ///   - updatesStatistics: Whether to update the moving statistics of batch normalizations that
  ///     use the batch's statistics.
  /// - Returns: The loss.
  /// - Throws: `SampleError` for an image with a value that is not finite; ``TrainingError`` for
  ///   a derivative of the loss that is not finite; the errors of the loss.
  @discardableResult
  public func differentiate(
    _ loss: Loss, at images: [Float], seed: UInt64 = 0, updatesStatistics: Bool = false
  ) throws -> Double {
    try run(images, loss, seed, updatesStatistics)
  }

  /// Differentiates a loss at a batch of training images.
  ///
  /// - Parameters:
  ///   - loss: The loss.
  ///   - batch: The batch, which also determines dropout.
  ///   - updatesStatistics: Whether to update the moving statistics of batch normalizations that
  ///     use the batch's statistics.
  /// - Returns: The loss.
  /// - Throws: The errors of ``differentiate(_:at:seed:updatesStatistics:)``.
  @discardableResult
  public func differentiate(
    _ loss: Loss, at batch: TrainingBatch, updatesStatistics: Bool = false
  ) throws -> Double {
    try run(batch, loss, updatesStatistics).loss
  }

  /// Runs images forward only. Values stay readable until the next batch.
  ///
  /// - Parameters:
  ///   - images: Images as for ``differentiate(_:at:seed:updatesStatistics:)``.
  ///   - seed: Determines dropout.
  /// - Throws: `SampleError` for an image with a value that is not finite.
  public func evaluate(_ images: [Float], seed: UInt64 = 0) throws {
    try run(images, nil, seed, false)
  }

  /// Returns each image's cross-entropy in nats, and its gradient with respect to the image.
  ///
  /// An image's gradient does not depend on the other images. The backpropagation must therefore be
  /// made with `differentiatesInput` and without `isTraining`: in training, dropout is active and
  /// images of a batch affect each other through normalization.
  ///
  /// - Parameters:
  ///   - images: `[images][height][width][channels]`, in the units of a data set (before the
  ///     model's input scale); the gradients have the same units and order.
  ///   - labels: The class of each image. The number of images is not limited.
  /// - Throws: `SampleError` for an image with a value that is not finite.
  public func imageGradients(
    of images: [Float], labels: [Int32]
  ) throws -> (losses: [Float], gradients: [Float]) {
    precondition(!isTraining, "made with isTraining, where images have no gradients of their own")
    return try inputGradients(of: images, labels: labels)
  }

  /// Returns each image's cross-entropy and the gradient of their sum over a batch with respect to
  /// the images. Allowed in training too.
  func inputGradients(
    of images: [Float], labels: [Int32]
  ) throws -> (losses: [Float], gradients: [Float]) {
    let size = model.graph.inputShape.reduce(1, *)
    precondition(
      images.count == labels.count * size, "\(labels.count) labels, \(images.count / size) images")
    var losses: [Float] = []
    var gradients: [Float] = []
    losses.reserveCapacity(labels.count)
    gradients.reserveCapacity(images.count)
    for first in stride(from: 0, to: labels.count, by: batchSize) {
      let range = first..<min(labels.count, first + batchSize)
      do {
        try differentiate(
          .crossEntropy(Array(labels[range]), weight: 1),
          at: Array(images[range.lowerBound * size..<range.upperBound * size]))
      } catch let error as SampleError {
        throw SampleError(notFinite: first + error.index)
      }
      losses += imageLosses
      gradients += inputGradient
    }
    return (losses, gradients)
  }

  // MARK: Running

  @discardableResult
  private func run(
    _ images: [Float], _ loss: Loss?, _ seed: UInt64, _ updatesStatistics: Bool
  ) throws -> Double {
    let source = ArraySource(images, imageShape: model.graph.inputShape)
    let loader = Loader(source)
    let scale = model.preprocessing.scale
    var value = 0.0
    try loader.withImages(0..<source.count, loader.makeBuffer(images: 0)) { loaded in
      value = unsafe try run(
        images: source.count, loss, seed: seed, updatesStatistics: updatesStatistics
      ) { block, pointer, image in
        unsafe try loaded.pack(block: block, scale: scale, into: pointer, image)
      }.loss
    }
    return value
  }

  /// Differentiates a loss at a batch of training images.
  func run(
    _ batch: TrainingBatch, _ loss: Loss, _ updatesStatistics: Bool
  ) throws -> BatchResult {
    let scale = model.preprocessing.scale
    return unsafe try run(
      images: batch.count, loss, seed: batch.noiseSeed, updatesStatistics: updatesStatistics
    ) { block, pointer, image in
      unsafe try batch.fill(block: block, scale: scale, into: pointer, image)
    }
  }

  /// Evaluates a loss's functions, stores their gradients, and returns the sum of their values.
  func takeGradients(of loss: Loss) throws -> Double {
    for valueGradients in nodeGradients.values { valueGradients.isSet = false }
    outputGradients.isSet = false
    var sum = 0.0
    var gradients:
      [ObjectIdentifier: (name: String, valueGradients: NodeGradients, values: [Float])] = [:]
    var order: [ObjectIdentifier] = []
    for function in loss.functions {
      let names = function.nodes ?? [model.graph.nodes[model.graph.output].name]
      let targets = names.map { name in
        guard let valueGradients = function.nodes == nil ? outputGradients : nodeGradients[name]
        else {
          preconditionFailure("'\(name)' is none of the loss nodes \(lossNodes)")
        }
        return valueGradients
      }
      let inputs = function.nodes.map { $0.map { values(of: $0) } } ?? [outputs]
      let (value, valueGradients) = try function.body(inputs)
      precondition(
        valueGradients.map(\.count) == inputs.map(\.count),
        "\(valueGradients.map(\.count)) derivatives for \(inputs.map(\.count)) values of \(names)")
      sum += value
      for (number, target) in targets.enumerated() {
        let key = ObjectIdentifier(target)
        if let earlier = gradients[key]?.values {
          gradients[key]?.values = zip(earlier, valueGradients[number]).map { $0 + $1 }
        } else {
          gradients[key] = (names[number], target, valueGradients[number])
          order.append(key)
        }
      }
    }
    for key in order {
      guard let (name, target, values) = gradients[key], let bad = target.take(values) else {
        continue
      }
      throw TrainingError(
        "the loss's derivatives with respect to its output are not finite for image \(bad) of the "
          + "batch",
        about: .layer(name),
        remedies: [.advice("check the loss for divisions by zero"), .lower("learningRate")])
    }
    return sum
  }
}
