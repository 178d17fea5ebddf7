internal import DefenseKit

/// Trains a copy of the suspect on the labels and on the teacher's attention, step by step.
struct Student {
  let options: NAD.Options
  /// The names of the layers whose attention is distilled.
  let layers: [String]
  private let shapes: [[Int]]
  private let teacher: Backpropagation
  private let student: Backpropagation
  private let optimizer: WeightOptimizer

  /// Prepares a student; it has the suspect's weights.
  ///
  /// The teacher runs as at inference, and the student as in training.
  ///
  /// - Throws: `GraphError` for a model that cannot be differentiated; `MemoryError`.
  init(
    _ suspect: Model, teacher: Model, layers: [String], batchSize: Int, _ options: NAD.Options,
    _ execution: ExecutionOptions
  ) throws {
    self.options = options
    self.layers = layers
    shapes = layers.map { name in suspect.graph.nodes.first { $0.name == name }?.shape ?? [] }
    self.teacher = try Backpropagation(
      teacher, batchSize: batchSize, isTraining: false, differentiatesWeights: false,
      options: execution)
    student = try Backpropagation(
      suspect, batchSize: batchSize, lossNodes: layers, options: execution)
    optimizer = try WeightOptimizer(student, .sgd(), weightDecay: options.decay)
  }

  /// The model with the current weights.
  var model: Model { student.currentModel }

  /// The weight of a layer's attention loss.
  func weight(_ layer: Int) -> Double {
    options.weights[min(layer, options.weights.count - 1)]
  }

  /// Returns the learning rate of an epoch.
  func rate(epoch: Int) -> Double {
    epoch * 10 < options.epochs ? options.learningRate : options.learningRate / 10
  }

  /// Takes a step of gradient descent.
  ///
  /// - Returns: The loss before the step, and whether all weights are finite after it.
  /// - Throws: The errors of the backpropagation.
  func step(_ batch: TrainingBatch, rate: Double) throws -> (loss: Double, isFinite: Bool) {
    try teacher.evaluate(batch.values())
    let right = layers.indices.map { layer in
      AttentionMaps(teacher.values(of: layers[layer]), shape: shapes[layer], power: options.power)
        .values
    }
    let attention = Loss.values(of: layers) { values in
      var (sum, gradients) = (0.0, [[Float]]())
      for (layer, features) in values.enumerated() {
        let maps = AttentionMaps(features, shape: shapes[layer], power: options.power)
        let term = maps.loss(from: right[layer], features: features, weight: weight(layer))
        sum += term.value
        gradients.append(term.gradient)
      }
      return (sum, gradients)
    }
    let loss = try student.differentiate(
      .crossEntropy(batch.labels) + attention, at: batch, updatesStatistics: true)
    return (loss, loss.isFinite && optimizer.step(rate: rate))
  }
}
