internal import DefenseKit

/// Searches for the images with the largest margins of all classes, by Adam on batches of images.
struct MarginSearch {
  /// The range of the images' values, in the units of a data set.
  var range: ClosedRange<Float>
  /// The number of images for each class.
  var starts: Int
  /// The number of steps for each image.
  var steps: Int
  /// The learning rate, in units of the range.
  var learningRate: Double

  /// Returns the largest margin on the way of each image, `[classes][starts]`.
  ///
  /// An image's way does not depend on the others.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a score or gradient that is not finite;
  ///   the errors of computing gradients; `CancellationError`.
  func margins(of model: Model, in context: RunContext) throws -> [[Float]] {
    let classes = model.classCount
    let noise = noise(of: model.graph.inputShape.reduce(1, *), seed: context.seed)
    let tasks = (0..<classes).flatMap { c in (0..<starts).map { (target: c, start: $0) } }
    let batch = min(tasks.count, model.batchSize)
    let backpropagation = try Backpropagation(
      model, batchSize: batch, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: context.execution)
    var result: [Float] = []
    try context.phase("margins", images: tasks.count * (steps + 1)) { progress in
      for first in stride(from: 0, to: tasks.count, by: batch) {
        let part = tasks[first..<min(tasks.count, first + batch)]
        result += try ascend(
          from: part.flatMap { noise[$0.start] }, toward: part.map(\.target), backpropagation,
          in: context
        ) { progress(first * (steps + 1) + $0) }
      }
    }
    context.count(
      run: Double(tasks.count * (steps + 1)), alone: Double(tasks.count * (steps + 1)))
    return stride(from: 0, to: result.count, by: starts).map { Array(result[$0..<$0 + starts]) }
  }

  /// Returns uniform noise, the same for all classes: `[starts][elements]`, 0...1.
  func noise(of size: Int, seed: UInt64) -> [[Float]] {
    var numbers = SeededGenerator(seed: seed, stream: 0x6D61_7267_696E)
    return (0..<starts).map { _ in (0..<size).map { _ in Float(numbers.unit()) } }
  }

  /// Ascends the margins of a batch of images.
  ///
  /// - Parameters:
  ///   - values: The images to start from, `[images][elements]`, 0...1.
  ///   - targets: The class of each image.
  /// - Returns: The largest margin on the way of each image.
  private func ascend(
    from values: [Float], toward targets: [Int], _ backpropagation: Backpropagation,
    in context: RunContext, progress: ProgressHandler
  ) throws -> [Float] {
    var values = values
    var largest = [Float](repeating: -.infinity, count: targets.count)
    var adam = ValueOptimizer(.adam(epsilon: 1e-12), count: values.count)
    let (low, width) = (range.lowerBound, range.upperBound - range.lowerBound)
    for step in 0...steps {
      try context.checkCancellation()
      let images = values.map { low + width * $0 }
      if step == steps {
        try backpropagation.evaluate(images)
        note(try Margins(of: backpropagation.outputs, targets), in: &largest)
      } else {
        try backpropagation.differentiate(
          .outputs { outputs in
            let margins = try Margins(of: outputs, targets)
            note(margins, in: &largest)
            return (-margins.sum, margins.descent)
          }, at: images)
        let gradient = backpropagation.inputGradient
        adam.step(&values, along: gradient.map { $0 * width }, rate: learningRate)
        for index in values.indices {
          guard gradient[index].isFinite else { throw Margins.notFinite }
          values[index] = min(max(values[index], 0), 1)
        }
      }
      progress((step + 1) * targets.count)
    }
    return largest
  }

  private func note(_ margins: Margins, in largest: inout [Float]) {
    for (index, margin) in margins.values.enumerated() where margin > largest[index] {
      largest[index] = margin
    }
  }
}

/// The margins of a batch of images and their derivatives.
struct Margins {
  /// `values[i]`: the logit of image i's class minus the largest other one.
  private(set) var values: [Float] = []
  /// The derivatives of the negative sum with respect to the logits, `[images][classes]`.
  private(set) var descent: [Float]

  /// Computes margins; of equal other logits the first counts.
  ///
  /// - Parameters:
  ///   - outputs: Logits, `[images][classes]`.
  ///   - targets: The class of each image.
  /// - Throws: `PluginError` with code `unsuitableModel` for a logit that is not finite.
  init(of outputs: [Float], _ targets: [Int]) throws(PluginError) {
    let classes = outputs.count / targets.count
    descent = Array(repeating: 0, count: outputs.count)
    values.reserveCapacity(targets.count)
    for (image, target) in targets.enumerated() {
      let row = image * classes
      var rival = target == 0 ? 1 : 0
      for c in 0..<classes {
        guard outputs[row + c].isFinite else { throw Self.notFinite }
        if c != target, outputs[row + c] > outputs[row + rival] { rival = c }
      }
      values.append(outputs[row + target] - outputs[row + rival])
      descent[row + target] = -1
      descent[row + rival] = 1
    }
  }

  /// The sum of all margins.
  var sum: Double { values.reduce(0) { $0 + Double($1) } }

  /// The error for a network whose values overflow.
  static var notFinite: PluginError {
    PluginError(
      .unsuitableModel, "cannot decide, because an image's scores are NaN or infinite",
      about: .plugin(MMBD.name))
  }
}

extension Model {
  /// The images of a batch, 16 to 128: as many as have about 2^27 values in all layers.
  var batchSize: Int {
    let elements = graph.nodes.reduce(1) { $0 + $1.elementCount }
    return min(max((1 << 27) / elements / 16 * 16, 16), 128)
  }
}
