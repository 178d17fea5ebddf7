internal import DefenseKit
private import Foundation
internal import OccluderSearch

/// Trains a copy of the suspect for one round.
struct Student {
  let options: TriggerUnlearning.Options
  let teacher: Teacher
  /// The mean margin of clean predictions of the suspect, in logits.
  let unit: Float
  let batches: UnlearningBatches

  /// A round whose loss or weights were not finite.
  struct Divergence: Error {
    let step: Int
  }

  /// Steps whose images are drawn and shown to the teacher together.
  private static let stepsTogether = 10

  /// Returns the model trained for one round; the classifier head stays as it is.
  ///
  /// - Throws: ``Divergence``; the errors of the backpropagation; `CancellationError`.
  func trained(
    _ model: Model, on known: KnownTriggers, round: Int, margin: Double, in context: RunContext,
    progress: (Int) -> Void
  ) throws -> Model {
    let size = options.batch + options.triggered
    let backpropagation = try Backpropagation(
      model, batchSize: size, isTraining: false, layers: model.graph.layersBeforeHead,
      lossNodes: teacher.representation.map { [$0] } ?? [], options: context.execution)
    let optimizer = try WeightOptimizer(backpropagation, .adam())
    var numbers = SeededGenerator(
      seed: context.seed, stream: 0x75_6E6C_6561 &+ UInt64(round) << 40)
    var number = 0
    while number < options.steps {
      for step in try steps(
        min(Self.stepsTogether, options.steps - number), known, &numbers)
      {
        try context.checkCancellation()
        let value: Double
        do {
          value = try backpropagation.differentiate(
            loss(of: step, margin: margin), at: step.images)
        } catch is TrainingError {
          throw Divergence(step: number)
        }
        let share = 0.05 + 0.95 * (1 + cos(.pi * Double(number) / Double(options.steps))) / 2
        guard value.isFinite, optimizer.step(rate: options.learningRate * share) else {
          throw Divergence(step: number)
        }
        number += 1
        progress(number * size)
      }
    }
    // A step costs the teacher's pass and three of the student's: forward, to weights, to values.
    context.count(run: Double(4 * size * number), alone: Double(4 * size * number))
    return backpropagation.currentModel
  }

  /// Draws steps and adds the teacher's answers.
  private func steps(
    _ count: Int, _ known: KnownTriggers, _ numbers: inout SeededGenerator
  ) throws -> [UnlearningBatches.Step] {
    var (steps, seen): ([UnlearningBatches.Step], [Float]) = ([], [])
    for _ in 0..<count {
      let (step, images) = batches.step(known, &numbers)
      steps.append(step)
      seen += images
    }
    let answers = try teacher.answers(to: seen, shape: batches.pool.shape)
    let size = options.batch + options.triggered
    let classes = answers.logits.count / (count * size)
    let elements = answers.representations.count / (count * size)
    for index in steps.indices {
      let first = index * size
      steps[index].logits = answers.logits[first * classes..<(first + options.batch) * classes]
      steps[index].representations =
        answers.representations[first * elements..<(first + size) * elements]
    }
    return steps
  }

  /// The loss of a step: clean representations and scores as the teacher's, target classes far
  /// behind on triggered images, and their representations a little like those without triggers.
  func loss(of step: UnlearningBatches.Step, margin: Double) -> Loss {
    let (clean, options, unit) = (step.labels.count, options, unit)
    let scores = Loss.outputs { outputs in
      let classes = outputs.count / (clean + step.targets.count)
      let split = clean * classes
      let kept = UnlearningLoss.divergence(outputs[..<split], from: step.logits, images: clean)
      let hinge = UnlearningLoss.hinge(
        outputs[split...], targets: step.targets, unit: unit, margin: Float(margin))
      let (weight, hinged) = (Self.scoreWeight, Self.hingeWeight)
      var value = weight * kept.value + hinged * hinge.value
      var gradient =
        kept.gradient.map { Float(weight) * $0 } + hinge.gradient.map { Float(hinged) * $0 }
      if options.labels > 0 {
        let labelled = UnlearningLoss.crossEntropy(outputs[..<split], labels: step.labels)
        value += options.labels * labelled.value
        for index in 0..<split {
          gradient[index] += Float(options.labels) * labelled.gradient[index]
        }
      }
      return (value, gradient)
    }
    guard let node = teacher.representation, !step.representations.isEmpty else { return scores }
    return scores
      + .values(of: [node]) { values in
        let values = values[0]
        let split = values.count / (clean + step.targets.count) * clean
        let right = step.representations
        let middle = right.startIndex + split
        let kept = UnlearningLoss.relativeError(values[..<split], from: right[..<middle])
        let near = UnlearningLoss.relativeError(values[split...], from: right[middle...])
        return (
          kept.value + Self.triggeredWeight * near.value,
          [kept.gradient + near.gradient.map { Float(Self.triggeredWeight) * $0 }]
        )
      }
  }

  /// The weight of the divergence from the teacher's scores.
  private static let scoreWeight = 0.4
  /// The weight of the hinge.
  private static let hingeWeight = 0.5
  /// The weight of the representation of triggered images. More would teach the trigger's effect
  /// on everything else.
  private static let triggeredWeight = 0.02
}

extension Graph {
  /// The names of all layers with weights before the classifier head; nil if there is none.
  ///
  /// The head stays, so that classes without images keep their weights.
  fileprivate var layersBeforeHead: [String]? {
    guard representation != nil,
      let head = cutNodes.last(where: { !nodes[$0].operation.weights.isEmpty })
    else { return nil }
    // What reaches the output from before the head does so through it.
    let reaching = reachingOutput
    return nodes[..<head].indices
      .filter { reaching[$0] && !nodes[$0].operation.weights.isEmpty }.map { nodes[$0].name }
  }
}
