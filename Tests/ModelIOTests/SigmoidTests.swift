import Foundation
import InferenceGraph
import NetworkTraining
import LabFiles
import Synchronization
import Testing

@testable import ModelIO

/// Networks that end in one sigmoid unit, beside stock Keras of both generations: read, repaired,
/// trained, and written as they were.
@Suite("One sigmoid unit, beside Keras", .enabled(if: Lab.runsPython))
struct SigmoidTests {
  static let count = 16
  /// DEFENSEKIT_SEED in the environment chooses other networks.
  static let seed = ProcessInfo.processInfo.environment["DEFENSEKIT_SEED"] ?? "1"

  /// The random networks of one generation of Keras.
  struct Place {
    let folder: String
    let generation: String

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func python(_ arguments: [String]) throws -> [[Substring]] {
      try Fixtures.run("sigmoid.py", arguments, ["DEFENSEKIT_KERAS": generation])
        .split(separator: "\n").map { $0.split(separator: " ") }
    }

    /// Images, labels, and what Keras predicts.
    func check(_ name: String) throws -> (images: ArraySource, outputs: [Float]) {
      let file = try HDF5File(path(name), sandbox: .auto)
      let images = try file.dataset("data")
      return (
        ArraySource(try images.floats(), imageShape: Array(images.info.shape.dropFirst())),
        try file.dataset("outputs").floats()
      )
    }
  }

  /// Made once for all tests; nil without the Keras of this generation.
  private static let keras2 = Result { try makePlace("2") }
  private static let keras3 = Result { try makePlace("3") }

  private static func makePlace(_ generation: String) throws -> Place? {
    let fixtures = try #require(Fixtures.folder)
    let keras2 = fixtures.appending(path: "keras2-plain.h5").path
    if generation == "2", !FileManager.default.fileExists(atPath: keras2) {
      #expect(!Lab.isRequired, "Scripts/requirements.txt names tf-keras, but it is missing")
      return nil
    }
    let folder = fixtures.appending(path: "sigmoid-\(generation)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let place = Place(folder: folder, generation: generation)
    _ = try place.python(["make", folder, seed, "\(count)"])
    return place
  }

  private func place(_ generation: String) throws -> Place? {
    try (generation == "2" ? Self.keras2 : Self.keras3).get()
  }

  /// A model's scores, `[images][2]`.
  private func scores(_ model: Model, _ images: ArraySource) throws -> [Float] {
    let result = Mutex([Float](repeating: 0, count: 2 * images.count))
    try Executor([model]).run(images) { batch in
      let rows = batch.outputs(of: 0)
      let range = 2 * batch.indices.lowerBound..<2 * batch.indices.upperBound
      result.withLock { $0.replaceSubrange(range, with: rows) }
    }
    return result.withLock { $0 }
  }

  private func write(_ images: ArraySource, _ outputs: [Float], to path: String) throws {
    let file = try HDF5Writer(path: path)
    try file.write(
      Tensor(shape: [images.count] + images.imageShape, values: images.values), to: "data")
    try file.write(Tensor(shape: [images.count, 1], values: outputs), to: "outputs")
    try AtomicFile.write(try file.image(), to: path)
  }

  @Test(
    "Scores and classes are Keras's, and the file is written as it was", arguments: ["2", "3"])
  func roundTrip(generation: String) throws {
    guard let place = try place(generation) else { return }
    var arguments: [String] = []
    for number in 0..<Self.count {
      let file = place.path("\(number).h5")
      let model = try KerasModel.load(file)
      #expect(model.classCount == 2)
      let (images, right) = try place.check("\(number).check.h5")
      let got = try scores(model, images)
      for (image, p) in right.enumerated() {
        let (first, second) = (got[2 * image], got[2 * image + 1])
        #expect(
          abs(second - p) < 1e-5 && abs(first - (1 - p)) < 1e-5,
          "seed \(Self.seed), network \(number): \(first), \(second) for \(p)")
      }
      let classes = try Executor([model]).labels(for: images)[0]
      for (class_, p) in zip(classes, right) where abs(p - 0.5) > 1e-5 {
        #expect(class_ == (p > 0.5 ? 1 : 0), "seed \(Self.seed), network \(number)")
      }
      let labels = try DataSet.load(
        place.path("\(number).check.h5"), for: images.imageShape, classCount: 2
      ).labels
      #expect(Set(labels) == [0, 1])
      // Weights alone, and the network alone.
      let json = place.path("\(number).json")
      #expect(
        try KerasModel.load(place.path("\(number).weights.h5"), architecture: json).graph
          == model.graph)
      #expect(
        try KerasModel.architecture(json).graph.nodes.map(\.name) == model.graph.nodes.map(\.name))
      let written = place.path("written-\(number).h5")
      try KerasModel.save(model, to: written)
      #expect(try KerasModel.load(written).graph.outputShape == [2])
      #expect(try KerasModel.audit(file).findings == [])
      arguments += [file, place.path("\(number).check.h5")]
      arguments += [written, place.path("\(number).check.h5")]
    }
    let lines = try place.python(["check"] + arguments)
    try #require(lines.count == 2 * Self.count)
    for number in 0..<Self.count {
      let (original, written) = (lines[2 * number], lines[2 * number + 1])
      #expect(
        try #require(Float(written[0])) < 1e-6, "seed \(Self.seed), network \(number)")
      // The last two forms are models in models, which are written as one.
      if number % 8 < 6 { #expect(written.dropFirst() == original.dropFirst()) }
    }
  }

  /// Channels masked and removed, and tuned: what Keras then makes of the file is what we do.
  @Test("Repaired and smaller ones give the same scores in Keras", arguments: ["2", "3"])
  func repaired(generation: String) throws {
    guard let place = try place(generation) else { return }
    var arguments: [String] = []
    var removals = 0
    for number in 0..<Self.count {
      let model = try KerasModel.load(place.path("\(number).h5"))
      let (images, _) = try place.check("\(number).check.h5")
      let labels = (0..<images.count).map { Int32($0 % 2) }
      var random = SeededGenerator(seed: UInt64(number))
      var graph = model.graph
      for layer in graph.prunableLayers {
        let channels = (0..<graph.nodes[graph.index(of: layer)!].channels)
          .filter { _ in random.next() % 4 == 0 }
        if let smaller = try? graph.removing(channels, of: layer) {
          removals += channels.count
          graph = smaller
        } else if random.next() % 2 == 0 {
          graph = try graph.masking(channels, of: layer)
        }
      }
      let tuned = try Model(graph: graph, name: model.name).trained(
        on: TrainingSet(images, labels: labels),
        options: TrainingOptions(epochs: 3, batchSize: 10, optimizer: .adam(), learningRate: 0.003)
      ).model
      #expect(tuned.graph != graph)
      let written = place.path("tuned-\(number).h5")
      let check = place.path("tuned-\(number).check.h5")
      try KerasModel.save(tuned, to: written)
      let got = try scores(tuned, images)
      try write(images, (0..<images.count).map { got[2 * $0 + 1] }, to: check)
      // Read again it is the same model.
      #expect(try scores(KerasModel.load(written), images) == got)
      arguments += [written, check]
    }
    #expect(removals > 10)
    let lines = try place.python(["check"] + arguments)
    try #require(lines.count == Self.count)
    for (number, line) in lines.enumerated() {
      #expect(try #require(Float(line[0])) < 1e-5, "seed \(Self.seed), network \(number)")
    }
  }

  @Test("A step of training is Keras's step on the binary cross-entropy", arguments: ["2", "3"])
  func training(generation: String) throws {
    guard let place = try place(generation) else { return }
    var arguments: [String] = []
    for number in 0..<Self.count {
      arguments += [
        place.path("\(number).h5"), place.path("\(number).check.h5"), "0.002",
        place.path("\(number).step.h5"),
      ]
    }
    _ = try place.python(["train"] + arguments)
    var compared = 0
    for number in 0..<Self.count {
      let model = try KerasModel.load(place.path("\(number).h5"))
      // Moving statistics differ by the convention for variances.
      if !model.graph.normalizations.isEmpty { continue }
      compared += 1
      let (images, before) = try place.check("\(number).check.h5")
      let after = try place.check("\(number).step.h5").outputs
      let labels = try DataSet.load(
        place.path("\(number).check.h5"), for: images.imageShape, classCount: 2
      ).labels
      let tuned = try model.trained(
        on: TrainingSet(images, labels: labels),
        options: TrainingOptions(
          epochs: 1, batchSize: images.count, optimizer: .sgd(momentum: 0), learningRate: 0.002)
      ).model
      let got = try scores(tuned, images)
      let moved = zip(before, after).map { abs($0 - $1) }.max() ?? 0
      #expect(moved > 1e-4, "seed \(Self.seed), network \(number)")
      for (image, p) in after.enumerated() {
        #expect(
          abs(got[2 * image + 1] - p) < 0.01 * moved + 1e-6,
          "seed \(Self.seed), network \(number): \(got[2 * image + 1]) for \(p), moved \(moved)")
      }
    }
    #expect(compared >= 4)
  }
}
