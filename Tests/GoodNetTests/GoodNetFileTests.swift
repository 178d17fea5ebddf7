import DefenseKit
import Foundation
import ReferenceInference
import Testing

@testable import GoodNet

/// GoodNet as a file of ONNX.
@Suite struct GoodNetFileTests {
  /// What ModelIO recognizes as a detector is what GoodNet builds.
  @Test("An ONNX file compares two classes, and is read as the same detector")
  func file() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "goodnet-\(UUID()).onnx")
    defer { try? FileManager.default.removeItem(at: path) }
    var read = 0
    for seed in UInt64(0)..<60 {
      let graph = try RandomGraph.make(seed: seed)
      guard let layer = graph.prunableLayers.first else { continue }
      let model = try GoodNet.model(
        suspect: Model(graph: graph), repaired: Model(graph: try graph.masking([0], of: layer)))
      try ModelFile.save(model, as: .onnx, to: path.path)
      let bytes = try Data(contentsOf: path)
      #expect(bytes.range(of: Data("ArgMax".utf8)) != nil, "seed \(seed)")
      #expect(bytes.range(of: Data("_maxima".utf8)) == nil, "seed \(seed)")
      // Some operators of the networks themselves are written, but not read.
      guard let again = try? ModelFile.load(path.path) else { continue }
      read += 1
      let images = (0..<4).flatMap { RandomGraph.image(for: graph, seed: seed + $0) }
      let source = ArraySource(images, imageShape: graph.inputShape)
      let labels = try Executor([model, again]).labels(for: source)
      #expect(labels[0] == labels[1], "seed \(seed)")
      #expect(again.classCount == model.classCount, "seed \(seed)")
      // With other weights it is no such detector any more, and a network of standard layers.
      var tuned = again
      for node in again.graph.nodes.dropFirst() {
        var operation = node.operation
        operation.updateWeights { _, tensor in
          tensor = Tensor(shape: tensor.shape, values: tensor.values.map { $0 * 1.25 })
        }
        tuned.graph = try tuned.graph.replacing(node.name, with: operation)
      }
      try ModelFile.save(tuned, to: path.path + ".tuned.onnx")
      defer { try? FileManager.default.removeItem(atPath: path.path + ".tuned.onnx") }
      #expect(
        try ModelFile.load(path.path + ".tuned.onnx").classCount == model.classCount,
        "seed \(seed)")
    }
    #expect(read > 10, "only \(read) are read again")
  }
}
