import Foundation
import InferenceGraph
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Layers that several operations make up, and other layouts, beside Keras at random sizes.
@Suite("Layers that are several operations", .enabled(if: Lab.runsPython))
struct KerasLayerTests {
  /// A network of `layers.py`, and what Keras predicts with it.
  struct Case: Decodable {
    let name: String
    let by: Int
    let shape: [Int]
    let images: [Float]
    let outputs: [Float]
  }

  private static func number(_ variable: String, _ otherwise: Int) -> Int {
    Int(ProcessInfo.processInfo.environment[variable] ?? "") ?? otherwise
  }

  /// `DEFENSEKIT_LAYERS` networks of each kind and version of Keras, from `DEFENSEKIT_LAYERS_SEED`.
  static let count = number("DEFENSEKIT_LAYERS", 4)
  static let seed = number("DEFENSEKIT_LAYERS_SEED", Int.random(in: 0..<1 << 31))

  private func cases(in folder: URL) throws -> [Case] {
    print("layers.py: seed \(Self.seed), \(Self.count) random networks of each kind and version")
    _ = try Fixtures.run("layers.py", [folder.path, "\(Self.seed)", "\(Self.count)"])
    return try JSONDecoder().decode(
      [Case].self, from: Data(contentsOf: folder.appending(path: "cases.json")))
  }

  @Test("are read, written and predicted with as by Keras")
  func predictTheSame() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "layers-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let cases = try cases(in: folder)
    #expect(cases.count == 8 * Self.count)
    var written: [Int: [String]] = [:]
    var removals = 0
    for sample in cases {
      let model: Model
      do {
        model = try KerasModel.load(path("\(sample.name).h5"))
      } catch {
        Issue.record("\(sample.name): \(error)")
        continue
      }
      guard model.graph.inputShape == sample.shape else {
        Issue.record("\(sample.name): it takes images of \(model.graph.inputShape)")
        continue
      }
      let difference = zip(try scores(of: model, sample), sample.outputs).map { abs($0 - $1) }
      #expect(difference.count == sample.outputs.count)
      #expect(difference.max()! < 1e-5, "\(sample.name): Keras sees another network")
      #expect(
        try KerasModel.load(path("\(sample.name).keras")).graph == model.graph, "\(sample.name)")
      if sample.by == 3 {
        // The newer weights format, beside the architecture.
        let weights = path("\(sample.name).weights.h5")
        let graph = try KerasModel.load(weights, architecture: path("\(sample.name).json")).graph
        #expect(graph == model.graph, "\(sample.name)")
      }
      removals += try removeChannels(model, sample)
      let copy = path("written-\(sample.name).h5")
      try KerasModel.save(model, to: copy)
      #expect(
        try scores(of: try KerasModel.load(copy), sample) == scores(of: model, sample),
        "\(sample.name): our own file is read differently")
      let archive = path("written-\(sample.name).keras")
      try KerasModel.save(model, to: archive)
      #expect(
        try KerasModel.load(archive).graph == KerasModel.load(copy).graph, "\(sample.name)")
      written[sample.by, default: []] += [path("\(sample.name).check.h5"), "-", copy]
      written[sample.by, default: []] += [path("\(sample.name).check.h5"), "-", archive]
    }
    #expect(removals > Self.count)
    for (version, arguments) in written {
      let differences = try Fixtures.run(
        "check.py", arguments, ["DEFENSEKIT_KERAS": "\(version)"]
      ).split(separator: "\n")
      #expect(differences.count == arguments.count / 3)
      for (index, difference) in differences.enumerated() {
        #expect(try #require(Float(difference)) < 1e-5, "\(arguments[3 * index + 2])")
      }
    }
  }

  /// Removes a channel of every layer, which must do what masking it does or be refused; returns how
  /// often it was done.
  private func removeChannels(_ model: Model, _ sample: Case) throws -> Int {
    var count = 0
    for layer in model.graph.prunableLayers {
      var (masked, smaller) = (model, model)
      masked.graph = try model.graph.masking([0], of: layer)
      do throws(GraphError) {
        smaller.graph = try model.graph.removing([0], of: layer)
      } catch {
        #expect(error.problem.contains("removed"), "\(sample.name): \(error)")
        continue
      }
      let difference = zip(try scores(of: masked, sample), try scores(of: smaller, sample))
      #expect(difference.allSatisfy { abs($0 - $1) < 1e-4 }, "\(sample.name), '\(layer)'")
      count += 1
    }
    return count
  }

  /// The scores for the sample's images.
  private func scores(of model: Model, _ sample: Case) throws -> [Float] {
    let scores = Mutex<[Float]>([])
    // They are fewer than a group.
    try Executor([model]).run(ArraySource(sample.images, imageShape: sample.shape)) { batch in
      scores.withLock { $0 += batch.outputs(of: 0) }
    }
    return scores.withLock { $0 }
  }
}
