import DefenseKit
import Foundation
import InferenceGraph
import NetworkTraining

extension Benchmark {
  /// Prints what the input gradient of a batch costs, as a multiple of a forward pass of the same
  /// images.
  ///
  /// Both run alternately; the figure is the median over the rounds of the ratio in a round.
  static func inputGradients(_ model: Model, _ options: ExecutionOptions) throws {
    let (batch, rounds) = (256, 21)
    let images = noise(batch * model.graph.inputShape.reduce(1, *))
    let source = ArraySource(images, imageShape: model.graph.inputShape)
    let executor = try Executor([model], options: options)
    let backpropagation = try Backpropagation(
      model, batchSize: batch, isTraining: false, differentiatesWeights: false,
      differentiatesInput: true, options: options)
    let labels = (0..<batch).map { Int32($0 % model.classCount) }
    let ratio = try median(rounds) {
      let forward = try ContinuousClock().measure { try executor.run(source) { _ in } }
      let backward = try ContinuousClock().measure {
        try backpropagation.differentiate(.crossEntropy(labels), at: images)
        _ = backpropagation.inputGradient
      }
      return backward / forward
    }
    print(
      "an input gradient costs \(String(format: "%.2f", ratio)) forward passes"
        + " (\(batch) images, median of \(rounds) rounds)")
  }
}
