import Foundation
import InferenceGraph
import LabFiles
import NetworkTraining
import ReferenceInference
import Synchronization
import Testing

@testable import ModelIO

/// Returns the scores of images, one image after the other.
func scores(of model: Model, _ images: [Float]) throws -> [Float] {
  let count = images.count / model.graph.inputShape.reduce(1, *)
  let scores = Mutex(Array(repeating: [Float](), count: count))
  try Executor([model]).run(ArraySource(images, imageShape: model.graph.inputShape)) { batch in
    let outputs = batch.outputs(of: 0)
    for (row, image) in batch.indices.enumerated() {
      let part = outputs[row * model.classCount..<(row + 1) * model.classCount]
      scores.withLock { $0[image] = Array(part) }
    }
  }
  return scores.withLock { $0.flatMap(\.self) }
}

/// Checks files that we wrote with ONNX's checker and ONNX Runtime, in DEFENSEKIT_PYTHON.
final class ONNXRuntimeCheck {
  let folder: URL

  /// Whether the Python has ONNX Runtime.
  static let isThere: Bool = {
    guard Lab.runsPython else { return false }
    let script = FileManager.default.temporaryDirectory.appending(path: "import-\(UUID()).py")
    defer { try? FileManager.default.removeItem(at: script) }
    do {
      try Data("import onnx, onnxruntime\n".utf8).write(to: script)
      _ = try Lab.run(script, [])
      return true
    } catch {
      return false
    }
  }()

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-onnx-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Adds a file that is already in the folder, with scores of three random images.
  ///
  /// - Parameters:
  ///   - model: What the file should compute.
  ///   - isChannelsFirst: Whether the file takes images [channels][height][width].
  func add(_ name: String, _ model: Model, seed: UInt64, isChannelsFirst: Bool) throws {
    var random = SeededGenerator(seed: seed)
    let shape = model.graph.inputShape
    let size = shape.reduce(1, *)
    let images = (0..<3 * size).map { _ in Float.random(in: -1...1, using: &random) }
    var stored = images
    if isChannelsFirst {
      stored = stride(from: 0, to: images.count, by: size).flatMap {
        permuted(Array(images[$0..<$0 + size]), shape, [2, 0, 1])
      }
    }
    for (values, end) in [(stored, "images"), (try scores(of: model, images), "scores")] {
      // The file holds the floats as they are in memory.
      let data = unsafe values.withUnsafeBytes { unsafe Data($0) }
      try data.write(to: folder.appending(path: "\(name).\(end)"))
    }
  }

  /// Returns the largest difference of a score, as a part of the range of scores, by file.
  func differences() throws -> [String: Double] {
    let script = Lab.repository.appending(path: "Tests/ModelIOTests/Fixtures/onnx_check.py")
    var result: [String: Double] = [:]
    for line in try Lab.run(script, [folder.path]).split(separator: "\n") {
      let words = line.split(separator: " ")
      result[String(words[0])] = Double(words[1])
    }
    return result
  }
}

@Suite("ONNX files that we write")
struct ONNXRuntimeTests {
  @Test(
    "ONNX Runtime gives our scores for networks of all operations",
    .enabled(if: ONNXRuntimeCheck.isThere))
  func exports() throws {
    let check = try ONNXRuntimeCheck()
    let seeds = UInt64(0)..<150
    for seed in seeds {
      let graph = try RandomGraph.make(seed: seed, head: seed % 5 == 0 ? .binary : .softmax)
      let model = Model(graph: graph, name: "net")
      try ModelFile.save(model, as: .onnx, to: check.folder.appending(path: "\(seed).onnx").path)
      try check.add("\(seed)", model, seed: seed, isChannelsFirst: false)
    }
    let differences = try check.differences()
    #expect(differences.count == seeds.count)
    for (seed, difference) in differences { #expect(difference < 1e-4, "seed \(seed)") }
  }

  /// The importer reads fewer operators than the exporter writes.
  @Test("What is written is read again, with the same scores")
  func roundTrips() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "net.onnx").path
    var read = 0
    for seed in UInt64(0)..<200 {
      let graph = try RandomGraph.make(seed: seed, head: seed % 5 == 0 ? .binary : .softmax)
      let model = Model(graph: graph)
      try ModelFile.save(model, as: .onnx, to: path)
      let again: Model
      do throws(FileError) {
        again = try ModelFile.load(path)
      } catch {
        #expect(error.finding?.rule == .onnxUnsupported, "seed \(seed): \(error)")
        continue
      }
      read += 1
      #expect(again.graph.inputShape == graph.inputShape, "seed \(seed)")
      let image = RandomGraph.image(for: graph, seed: seed)
      let (old, new) = (try scores(of: model, image), try scores(of: again, image))
      let isNear = zip(old, new).allSatisfy { abs($0 - $1) < 1e-5 }
      #expect(isNear && old.count == new.count, "seed \(seed): \(old), \(new)")
      // Writing back changes nothing.
      let copy = folder.appending(path: "copy.onnx")
      try ModelFile.save(again, to: copy.path)
      #expect(try Data(contentsOf: copy) == Data(contentsOf: URL(filePath: path)))
    }
    #expect(read > 60, "only \(read) are read again")
  }

  @Test(
    "ONNX Runtime gives our scores for files written back",
    .enabled(if: ONNXRuntimeCheck.isThere))
  func writtenBack() throws {
    let check = try ONNXRuntimeCheck()
    let originals = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: originals, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: originals) }
    for (number, storage) in ONNXBuilder.Storage.allCases.enumerated() {
      // The operators of one network take numbers of one type.
      for version in storage == .double || storage == .half || storage == .brain ? [] : [3, 8] {
        var file = ONNXBuilder()
        file.version = UInt64(version)
        file.opset = 13
        file.batch = version == 3 ? 1 : nil
        let numbers = { (count: Int) in (0..<count).map { Float($0 % 13 - 6) / 16 } }
        file.add("w", [3, 3, 3, 3], numbers(81), as: storage)
        file.add("conv1", "Conv", ["image", "w"], [("pads", .integers([1, 1, 1, 1]))])
        file.add("act", "Relu", ["conv1"])
        file.add("conv2", "Conv", ["act", "w"], [("pads", .integers([1, 1, 1, 1]))])
        file.add("flat", "Flatten", ["conv2"])
        file.add("m", [90, 4], numbers(360), as: storage)
        file.add("scores", "MatMul", ["flat", "m"])
        file.outputShape = [file.batch, 4]
        file.listsConstants = version == 3
        var model = try ModelFile.load(try file.write(to: originals))
        for layer in model.graph.nodes.dropFirst() where !layer.operation.weights.isEmpty {
          guard layer.name != "m" else { continue }
          model.graph = try model.graph.masking([number % 3], of: layer.name)
          // Only one of both readers of the tensor.
          break
        }
        let name = "\(storage)-\(version)"
        try ModelFile.save(model, to: check.folder.appending(path: "\(name).onnx").path)
        try check.add(name, model, seed: 3, isChannelsFirst: true)
        // A copy with another network, in a file of its own.
        try ModelFile.save(
          model.withoutChannels(), to: check.folder.appending(path: "\(name)-new.onnx").path)
        try check.add("\(name)-new", model.withoutChannels(), seed: 4, isChannelsFirst: true)
      }
    }
    let differences = try check.differences()
    #expect(differences.count == 16)
    for (name, difference) in differences { #expect(difference < 1e-5, "\(name)") }
  }
}

extension Model {
  /// The model without the first channel of its first layer.
  fileprivate func withoutChannels() throws -> Model {
    var result = self
    result.graph = try graph.removing([graph.prunableLayers[0]: [0]])
    return result
  }
}
