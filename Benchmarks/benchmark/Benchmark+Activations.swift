import DefenseKit
import Foundation
import InferenceGraph
import NetworkTraining

extension Benchmark {
  /// Prints what VGG-11 costs with each activation behind its convolutions, as a multiple of what
  /// it costs with ReLU: forward, and trained.
  ///
  /// Both networks run alternately; figures are medians over the rounds of the ratio in a round.
  static func activations(_ rounds: Int, _ options: ExecutionOptions) throws {
    let activations: [(String, Activation)] = [
      ("elu", .elu()), ("selu", .selu), ("celu", .celu()), ("sigmoid", .sigmoid), ("tanh", .tanh),
      ("softplus", .softplus), ("softsign", .softsign), ("exponential", .exponential),
      ("gelu", .gelu()), ("gelu, tanh", .gelu(approximate: true)), ("silu", .silu),
      ("mish", .mish),
    ]
    let relu = try vgg(.relu)
    print("activation     forward  trained   (ReLU = 1, medians of \(rounds) rounds)")
    for (name, activation) in activations {
      let other = try vgg(activation)
      let forward = try median(rounds) {
        let base = try seconds(running: relu, options)
        return try seconds(running: other, options) / base
      }
      // Exponentials of exponentials overflow: such a network cannot be trained at any rate.
      let trained = try? median(rounds) {
        let base = try seconds(training: relu, options)
        return try seconds(training: other, options) / base
      }
      print(
        name.padding(toLength: 14, withPad: " ", startingAt: 0)
          + String(format: "%8.3f", forward)
          + (trained.map { String(format: " %8.3f", $0) } ?? "        -"))
      fflush(nil)
    }
  }

  /// VGG-11 with another function in place of its rectifiers.
  private static func vgg(_ activation: Activation) throws -> Model {
    let plain = try Architecture(named: "vgg").model(
      imageShape: [32, 32, 3], classCount: 10, inputScale: 1, seed: 1)
    var graph = try Graph(inputShape: plain.graph.inputShape)
    for node in plain.graph.nodes.dropFirst() {
      try graph.append(
        node.name, node.operation, inputs: node.inputs,
        activation: node.activation == .relu ? activation : node.activation)
    }
    return Model(graph: graph)
  }

  private static func seconds(running model: Model, _ options: ExecutionOptions) throws -> Double {
    let executor = try Executor([model], options: options)
    let source = ArraySource(noise(256 * 3072), imageShape: [32, 32, 3])
    return try ContinuousClock().measure { try executor.run(source) { _ in } } / .seconds(1)
  }

  private static func seconds(training model: Model, _ options: ExecutionOptions) throws -> Double {
    let source = ArraySource(noise(128 * 3072), imageShape: [32, 32, 3])
    let set = TrainingSet(source, labels: (0..<128).map { Int32($0 % 10) })
    // Small steps, so that no function overflows.
    let training = TrainingOptions(
      epochs: 1, batchSize: 64, optimizer: .sgd(momentum: 0.9), learningRate: 1e-6)
    return try ContinuousClock().measure {
      _ = try model.trained(on: set, options: training, execution: options)
    } / .seconds(1)
  }

  static func median(_ rounds: Int, _ ratio: () throws -> Double) rethrows -> Double {
    _ = try ratio()
    return try (0..<rounds).map { _ in try ratio() }.sorted()[rounds / 2]
  }
}
