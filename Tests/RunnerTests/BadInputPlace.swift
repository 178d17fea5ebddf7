import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// A folder with a model of 3 classes for images of 2x2x1, and data sets for it.
struct BadInputPlace: ~Copyable {
  let folder: TemporaryFolder
  var model: String { path("m.h5") }
  var good: String { path("good.h5") }
  /// Others that are as good, and those that pass for triggered ones.
  var test: String { path("test.h5") }
  var poisoned: String { path("poisoned.h5") }

  init() throws { folder = try TemporaryFolder() }

  /// A place with a model and data that are good.
  static func make() throws -> BadInputPlace {
    let place = try BadInputPlace()
    var graph = try Graph(inputShape: [2, 2, 1])
    // The classes are the brightest of the first three pixels, after a convolution.
    try graph.append(
      "conv",
      .convolution(Convolution(kernel: Tensor(shape: [1, 1, 1, 2], values: [1, 0.5]))),
      inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    let kernel = (0..<8).flatMap { row in (0..<3).map { Float($0 * 2 == row ? 1 : 0) } }
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [8, 3], values: kernel))), inputs: [2],
      activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: place.model)
    for (name, bright) in [("good", 200), ("test", 199), ("poisoned", 198)] as [(String, Float)] {
      try place.data(name, images: place.images(6, bright), labels: [0, 1, 2, 0, 1, 2])
    }
    return place
  }

  func path(_ name: String) -> String { "\(folder.path)/\(name)" }

  /// Images of one bright pixel, which is their class.
  func images(_ count: Int, _ bright: Float = 200) -> Tensor {
    let values = (0..<count).flatMap { image in
      (0..<4).map { $0 == image % 3 ? bright : 10 }
    }
    return Tensor(shape: [count, 2, 2, 1], values: values)
  }

  @discardableResult
  func data(_ name: String, images: Tensor, labels: [Float]?) throws -> String {
    let file = try HDF5Writer(path: path("\(name).h5"))
    try file.write(images, to: "data")
    if let labels { try file.write(Tensor(shape: [labels.count], values: labels), to: "label") }
    try AtomicFile.write(try file.image(), to: path("\(name).h5"))
    return path("\(name).h5")
  }

  func text(_ name: String, _ contents: String) throws -> String {
    try Data(contents.utf8).write(to: URL(filePath: path(name)))
    return path(name)
  }

  /// Runs the job and expects a status and one line with `words`; the folder must not change.
  func fails(
    _ status: Int32, _ words: String, model: String? = nil, clean: String? = nil,
    _ extra: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try contents()
    let result = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--detector", "goodnet", "--model", model ?? self.model,
        "--clean", clean ?? good, "--output", path("out"), "--option", "fine-pruning.drops=10",
        "--option", "fine-pruning.epochs=0",
      ] + extra)
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains(words), "\(result.errors)", sourceLocation: sourceLocation)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 1 && lines[0].hasPrefix("runner: "), sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    #expect(try contents() == before, sourceLocation: sourceLocation)
  }

  private func contents() throws -> [String: Data] {
    var result: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
      result[name] = FileManager.default.contents(atPath: path(name)) ?? Data()
    }
    return result
  }
}
