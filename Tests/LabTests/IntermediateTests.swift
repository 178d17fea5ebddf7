import DefenseKit
import Foundation
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Every layer's output for one clean and one poisoned face, as Keras computed it.
@Suite("The lab's network, layer by layer", .enabled(if: Lab.runsSmall))
struct IntermediateTests {
  @Test("Every layer within 1e-4 of Keras, absolute for values under 1 and else relative")
  func layers() throws {
    let path = try #require(Lab.folder).appending(path: "intermediates.h5").path
    let file = try HDF5File(path)
    let model = try LabData.model()
    let source = try ArraySource(file.dataset("input").floats(), imageShape: [55, 47, 3])
    // The sum and its ReLU are two layers of the network and one entry of the file, fc_1 and fc_2
    // are taken before the sum.
    let last = model.graph.nodes[model.graph.output].name
    var names = [
      "conv_1", "pool_1", "conv_2", "pool_2", "conv_3", "pool_3", "conv_4", "fc_1", "fc_2",
    ]
    var layers = names
    let sum = try #require(model.graph.nodes.firstIndex { $0.operation == .add })
    let relu = try #require(
      model.graph.nodes.indices.first { $0 >= sum && model.graph.nodes[$0].activation == .relu })
    names.append("add_relu")
    layers.append(model.graph.nodes[relu].name)
    let got = try values(of: layers, model, source)
    for (name, values) in zip(names, got) {
      try expectClose(values, file.dataset(name).floats(), name)
    }
    try expectClose(outputs(model, source), file.dataset("softmax").floats(), "softmax")
    let logits = try values(of: [last], withoutSoftmax(model), source)[0]
    try expectClose(logits, file.dataset("logits").floats(), "logits")
  }

  @Test("The five likeliest classes of the first image, down to 1e-27")
  func likeliestClasses() throws {
    let expected = try #require(
      try LabData.reference("reference-small.json")["softmax_first_image_top5"]?.array)
    let set = try LabData.set("valid", of: Lab.small).selecting([0])
    let softmax = try outputs(LabData.model(), set)
    let top = softmax.indices.sorted { softmax[$0] > softmax[$1] }.prefix(5)
    #expect(top.map { $0 } == expected.compactMap { $0[0]?.int })
    for (index, entry) in zip(top, expected) {
      let right = try #require(entry[1]?.number)
      // An error of 1e-5 in logits of 100 makes 1e-3 of their exponentials.
      #expect(abs(Double(softmax[index]) / right - 1) < 2e-3, "class \(index)")
    }
  }

  private func expectClose(_ values: [Float], _ expected: [Float], _ name: String) {
    guard values.count == expected.count else {
      Issue.record("\(name): \(values.count) values for \(expected.count)")
      return
    }
    let error = zip(values, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
    #expect(error <= 1e-4, "\(name)")
  }

  private func values(
    of layers: [String], _ model: Model, _ source: ArraySource
  ) throws -> [[Float]] {
    let executor = try Executor([model], observing: layers.map { (0, $0) })
    let result = Mutex<[[Float]]>([])
    try executor.run(source) { batch in
      let values = layers.indices.map { batch.values(ofObservation: $0) }
      // Two images are one group.
      result.withLock { $0 = values }
    }
    return result.withLock { $0 }
  }

  private func outputs(_ model: Model, _ source: some SampleSource) throws -> [Float] {
    let result = Mutex<[Float]>([])
    try Executor([model]).run(source) { batch in
      let values = batch.outputs(of: 0)
      result.withLock { $0 = values }
    }
    return result.withLock { $0 }
  }

  /// The network up to the values that its softmax is taken of.
  private func withoutSoftmax(_ model: Model) throws -> Model {
    var graph = try Graph(inputShape: model.graph.inputShape)
    for node in model.graph.nodes.dropFirst() {
      try graph.append(
        node.name, node.operation, inputs: node.inputs,
        activation: node.activation == .softmax ? .linear : node.activation)
    }
    return Model(graph: graph, preprocessing: model.preprocessing)
  }
}
