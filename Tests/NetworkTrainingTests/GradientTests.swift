import Foundation
import ReferenceInference
import Testing

@testable import InferenceGraph

@Suite("Gradients against central differences")
struct GradientTests {
  /// Full and partial blocks, one block and several.
  static let sizes = [17, 5, 16, 1, 40]

  @Test("layers with weights", arguments: GradientCase.layers.indices)
  func layers(index: Int) throws {
    try check(GradientCase.layers[index], index)
  }

  @Test("layers without, and how nodes are wired", arguments: GradientCase.others.indices)
  func others(index: Int) throws {
    try check(GradientCase.others[index], index)
  }

  private func check(_ item: GradientCase, _ index: Int) throws {
    for images in [17, Self.sizes[index % Self.sizes.count]] {
      try GradientCheck(
        graph: item.graph, images: images, isTraining: item.isTraining,
        freezesNormalization: item.freezesNormalization, smoothing: images == 17 ? 0 : 0.1,
        seed: UInt64(index)
      ).run()
    }
  }

  @Test("every activation, behind layers and by itself", arguments: Activation.each.indices)
  func activations(index: Int) throws {
    let activation = Activation.each[index]
    let item = GradientCase("\(activation)", [4, 3, 3]) {
      try $0.windows("c", 5, (2, 2), activation: activation)
      // Far enough to reach what is flat or clipped, but no exponential of an exponential.
      let scale: Float = activation == .exponential ? -0.5 : 3
      try $0.add("r", .rescaling(Rescaling(scale: [scale], offset: [-0.2])))
      try $0.add("a", .activation, activation: activation)
      try $0.add("f", .flatten)
      try $0.dense("d", 6, activation: activation)
    }
    try check(item, index)
  }

  @Test("random networks", arguments: 0..<60, RandomGraph.Head.allCases)
  func randomNetworks(seed: Int, head: RandomGraph.Head) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed), head: head).withoutNoise()
    try GradientCheck(
      graph: graph, images: [5, 3, 2][seed % 3], isTraining: seed % 4 != 3,
      freezesNormalization: seed % 4 == 1, smoothing: 0.1, samples: 3, seed: UInt64(seed)
    ).run()
  }
}

extension Graph {
  /// The graph without what is random in training.
  func withoutNoise() throws -> Graph {
    var result = try Graph(inputShape: inputShape)
    for node in nodes.dropFirst() {
      var operation = node.operation
      if case .trainingOnly = operation { operation = .activation }
      try result.append(
        node.name, operation, inputs: node.inputs, activation: node.activation)
    }
    return result
  }
}
