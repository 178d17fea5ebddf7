import Foundation
import InferenceGraph
import LabFiles
import ReferenceInference
import Testing

@testable import ModelIO

/// Random networks, written as Keras files.
@Suite("Keras predicts with written networks as the reference does", .enabled(if: Lab.runsPython))
struct KerasExportTests {
  @Test("random networks of all operations")
  func randomNetworks() throws {
    var graphs: [(seed: UInt64, graph: Graph)] = []
    for seed in Sizes.seeds("random networks written", 60, pieces: 1)[0] {
      let graph = try RandomGraph.make(seed: seed, head: seed % 4 == 0 ? .binary : .softmax)
      // The one activation that stock Keras has no layer for.
      if graph.nodes.contains(where: { $0.activation == .gelu(approximate: true) }) { continue }
      // Operations that it has none for; attention has all of them.
      if graph.nodes.contains(where: { $0.operation.hasNoKerasLayer }) {
        #expect(throws: GraphError.self) { try KerasExport(graph) }
        continue
      }
      graphs.append((seed, graph))
    }
    #expect(graphs.count > 20)
    try compare(graphs)
  }

  @Test("windows over images with zeros inserted, whether Keras has such a layer or not")
  func transposedConvolutions() throws {
    var graphs: [(seed: UInt64, graph: Graph)] = []
    var written: Set<String> = []
    for seed in Sizes.seeds("transposed convolutions written", 32, pieces: 1)[0] {
      var random = SplitMix64(seed: seed)
      func pair(_ range: ClosedRange<Int>) -> Extent {
        Extent(random.int(range), random.int(range))
      }
      let (image, size, strides) = (pair(2...5), pair(1...4), pair(1...3))
      let channels = random.int(1...3)
      var graph = try Graph(inputShape: [image.height, image.width, channels])
      try graph.append(
        "zeros", .rearrange(.zeroInsertion(rows: strides.height, columns: strides.width)),
        inputs: [0])
      let kernel = [size.height, size.width, channels, 2]
      // Most often what PyTorch's and Keras's layers ask for.
      let top = random.int((size.height - 1) / 2...size.height - 1)
      let left = random.int((size.width - 1) / 2...size.width - 1)
      let padding = Padding.explicit(
        top: top, bottom: top + random.int(0...1), left: left, right: left + random.int(0...1))
      try graph.append(
        "windows",
        .convolution(
          Convolution(
            kernel: Tensor(shape: kernel, values: random.floats(kernel.reduce(1, *))),
            bias: Tensor(shape: [2], values: random.floats(2)), padding: padding)),
        inputs: [1], activation: .relu)
      try graph.append("flatten", .flatten, inputs: [2])
      let count = graph.nodes[3].elementCount
      try graph.append(
        "classes",
        .dense(Dense(kernel: Tensor(shape: [count, 3], values: random.floats(count * 3)))),
        inputs: [3], activation: .softmax)
      let layers = try KerasExport(graph).layers
      written.insert(
        layers.contains { $0.name == "windows" && $0.className == "Conv2DTranspose" }
          ? "one layer" : "several")
      graphs.append((seed, graph))
    }
    #expect(written == ["one layer", "several"])
    try compare(graphs)
  }

  /// Writes networks and has Keras predict with them.
  private func compare(_ graphs: [(seed: UInt64, graph: Graph)]) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "export-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    var arguments: [String] = []
    for (seed, graph) in graphs {
      let images = (0..<3).map { RandomGraph.image(for: graph, seed: seed + 1000 * $0) }
      // Two classes of a sigmoid unit are one number in the file.
      let isBinary = graph.nodes[graph.output].operation == .binaryLogits
      let outputs = images.map { image in
        let scores = referenceOutput(graph, image: image)
        return (isBinary ? [scores[1]] : scores).map { Float($0) }
      }
      let model = path("\(seed).h5")
      try KerasModel.save(Model(graph: graph), to: model)
      let read = try KerasModel.load(model).graph
      for image in images {
        let pairs = zip(referenceOutput(read, image: image), referenceOutput(graph, image: image))
        #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 }, "seed \(seed)")
      }
      let file = try HDF5Writer(path: path("\(seed).check.h5"))
      try file.write(
        Tensor(shape: [images.count] + graph.inputShape, values: images.flatMap { $0 }),
        to: "images")
      try file.write(
        Tensor(shape: [images.count, outputs[0].count], values: outputs.flatMap { $0 }),
        to: "outputs")
      try Data(file.image()).write(to: folder.appending(path: "\(seed).check.h5"))
      arguments += [path("\(seed).check.h5"), "-", model]
    }
    let differences = try Fixtures.run("check.py", arguments).split(separator: "\n")
    #expect(differences.count == graphs.count)
    for (index, difference) in differences.enumerated() {
      #expect(try #require(Float(difference)) < 1e-4, "seed \(graphs[index].seed)")
    }
  }
}
