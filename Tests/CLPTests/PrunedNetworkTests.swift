import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import CLP

/// The architectures of the package, with random weights of which some channels are made strong.
@Suite("CLP on whole networks")
struct PrunedNetworkTests {
  static let names = ["vgg", "preact-resnet"]

  /// A network whose statistics and weights look as if it had been trained.
  private func network(_ name: String) throws -> Model {
    var model = try Architecture(named: name).model(
      imageShape: [16, 16, 1], classCount: 10, inputScale: 1 / 255, seed: 3)
    var random = SeededGenerator(seed: 17)
    func numbers(_ tensor: Tensor, _ low: Float, _ high: Float) -> Tensor {
      Tensor(
        shape: tensor.shape,
        values: tensor.values.map { _ in low + (high - low) * Float(random.unit()) })
    }
    model.graph = try model.graph.mapping { node in
      switch node.operation {
      case .convolution(var c):
        // Every 40th channel is up to five times as strong, so that some of them are outliers.
        let factors = (0..<node.channels).map { k in
          k % 40 == 7 ? 1 + 4 * Float(random.unit()) : 1
        }
        c.kernel = Tensor(
          shape: c.kernel.shape,
          values: c.kernel.values.enumerated().map { $1 * factors[$0 % node.channels] })
        return .convolution(c)
      case .batchNormalization(var b):
        b.gamma = b.gamma.map { numbers($0, -1.5, 1.5) }
        b.beta = b.beta.map { numbers($0, -0.5, 0.5) }
        b.mean = numbers(b.mean, -1, 1)
        b.variance = numbers(b.variance, 0.5, 2)
        return .batchNormalization(b)
      default: return node.operation
      }
    }
    return model
  }

  private struct Expected: Decodable {
    struct Layer: Decodable {
      let normalization: String
      let convolution: String
      let bounds: [Double]
      let channels: [Int]
    }
    let layers: [Layer]
    let skipped: [String]
    let listed: [String: [Int]?]
  }

  @Test(
    "Bounds and channels are NumPy's; the order of listing would give others",
    .enabled(if: Lab.runsPython), arguments: names)
  func numPy(_ name: String) throws {
    let model = try network(name)
    let file = FileManager.default.temporaryDirectory.appending(path: "clp-\(UUID()).h5")
    defer { try? FileManager.default.removeItem(at: file) }
    try KerasModel.save(model, to: file.path)
    let script = Lab.repository.appending(path: "Tests/CLPTests/Fixtures/clp.py")
    let expected = try JSONDecoder().decode(
      Expected.self, from: Data(try Lab.run(script, [file.path, "2.5"]).utf8))

    let statistics = try ChannelStatistics(of: model, .init(u: 2.5), in: RunContext())
    #expect(statistics.layers.map(\.normalization) == expected.layers.map(\.normalization))
    #expect(statistics.layers.map(\.outliers) == expected.layers.map(\.channels))
    #expect(statistics.layers.count { !$0.outliers.isEmpty } >= 3)
    for (layer, right) in zip(statistics.layers, expected.layers) {
      // Their epsilon of 0.001 is ours to the precision of a 32-bit float.
      let worst = zip(layer.bounds, right.bounds).reduce(0) { max($0, abs($1.0 - $1.1) / $1.1) }
      #expect(layer.bounds.count == right.bounds.count && worst < 1e-9, "\(layer.normalization)")
    }
    let right = expected.layers.map { Optional($0.convolution) }
    if name == "vgg" {
      #expect(expected.skipped.isEmpty && statistics.layers.count == 8)
      #expect(statistics.layers.map(\.convolution) == right)
    } else {
      // Of 17, eight read sums, which the order of listing takes for single convolutions; what the first
      // one reads, the first block's sum reads too.
      #expect(expected.skipped.count == 8 && statistics.layers.count == 9)
      #expect(statistics.layers.map(\.convolution) == [nil] + right.dropFirst())
      #expect(expected.skipped.contains { expected.listed[$0]??.isEmpty == false })
    }
  }

  @Test("Masked and compacted, a pruned network gives the same", arguments: names)
  func compact(_ name: String) throws {
    let model = try network(name)
    let repair = try #require(
      CLP(options: .init(u: 2)).repair(
        model, using: CleanData(ToyNetwork.images(2, [16, 16, 1]), labels: [0, 1]),
        in: RunContext()
      ).first)
    #expect(repair.pruned.count >= 3)
    let layers = repair.model.graph.prunableLayers
    let channels = repair.pruned.filter { layers.contains($0.layer) }
    let smaller = try repair.model.graph.removing(
      Dictionary(uniqueKeysWithValues: channels.map { ($0.layer, $0.channels) }))
    #expect(smaller.parameterCount < repair.model.graph.parameterCount)
    for entry in channels {
      let node = try #require(smaller.index(of: entry.layer).map { smaller.nodes[$0] })
      #expect(node.channels == entry.total - entry.channels.count)
    }
    let source = ToyNetwork.images(20, [16, 16, 1])
    func outputs(_ graph: Graph) throws -> [Float] {
      let values = Collected()
      try Executor([Model(graph: graph)], options: ExecutionOptions(threads: 1)).run(source) {
        values.add($0.outputs(of: 0))
      }
      return values.all
    }
    let (masked, compacted) = (try outputs(repair.model.graph), try outputs(smaller))
    let worst = zip(masked, compacted).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(worst < 1e-4)
    #expect(try outputs(model.graph) != masked)
  }

  @Test("Training leaves pruned channels masked")
  func training() throws {
    var net = try ToyNetwork([8, 8, 2])
    try net.convolution("conv", 12, strong: [3, 8], hasBias: true)
    try net.normalization("norm")
    try net.relu("relu")
    try net.classifier()
    let repair = try #require(
      CLP(options: .init(u: 1.5)).repair(
        net.model, using: CleanData(ToyNetwork.images(3, [8, 8, 2]), labels: [0, 1, 2]),
        in: RunContext()
      ).first)
    let pruned = try #require(repair.pruned.first)
    #expect(pruned.layer == "conv" && pruned.channels == [3, 8])
    let trained = try repair.model.trained(
      on: TrainingSet(
        ToyNetwork.images(60, [8, 8, 2]), labels: (0..<60).map { Int32($0 % 3) }),
      options: TrainingOptions(
        epochs: 2, batchSize: 20, optimizer: .adam(), learningRate: 0.01)
    ).model
    let (before, after) = (
      try #require(repair.model.convolution("conv")), try #require(trained.convolution("conv"))
    )
    #expect(after.kernel != before.kernel)
    for channel in [3, 8] {
      #expect(after.bias?.values[channel] == 0)
      for place in stride(from: channel, to: after.kernel.count, by: 12) {
        #expect(after.kernel.values[place] == 0)
      }
    }
    #expect(try trained.graph.masking([3, 8], of: "conv") == trained.graph)
  }
}
