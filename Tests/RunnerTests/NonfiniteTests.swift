import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// Finite models and images whose values overflow on the way, through every command.
@Suite("Values that overflow, on the command line")
struct NonfiniteTests {
  /// A place whose model has weights of 1e12, and sets "broken" and "others" whose images 1
  /// and 4 overflow.
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    var graph = try Graph(inputShape: [2, 2, 1])
    try graph.append(
      "conv",
      .convolution(Convolution(kernel: Tensor(shape: [1, 1, 1, 2], values: [1e12, 0.5e12]))),
      inputs: [0], activation: .relu)
    try graph.append("flatten", .flatten, inputs: [1])
    let kernel = (0..<8).flatMap { row in (0..<3).map { Float($0 * 2 == row ? 1e-12 : 0) } }
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [8, 3], values: kernel))), inputs: [2],
      activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: place.model)
    for (name, bright) in [("broken", 200), ("others", 198)] as [(String, Float)] {
      var values = place.images(6, bright).values
      values[4 * 1 + 1] = 1e30
      values[4 * 4 + 3] = 2e30
      values[4 * 4] = bright / 9
      values[4] = bright / 9
      try place.data(
        name, images: Tensor(shape: [6, 2, 2, 1], values: values), labels: [0, 1, 2, 0, 1, 2])
    }
    return place
  }

  @Test("predict prints a word that is no class, and says so")
  func predict() throws {
    let place = try make()
    let broken = place.path("broken.h5")
    let result = try RunnerProgram.run(["predict", place.model, "--data", broken])
    #expect(result.status == 0)
    #expect(result.output == "0\nnonfinite\n2\n0\nnonfinite\n2\n")
    #expect(
      result.errors.contains(
        "no class for 2 of 6 images (first: image 1): the model computed NaN or infinite values"))
    let flagged = try RunnerProgram.run([
      "predict", place.model, "--data", broken, "--repaired", place.model, "--detector", "goodnet",
    ])
    #expect(flagged.output == "0\n3\n2\n0\n3\n2\n")
  }

  @Test("evaluate counts them, in words and as JSON, and not where there are none")
  func evaluate() throws {
    let place = try make()
    let broken = place.path("broken.h5")
    let arguments = [
      "evaluate", place.model, "--test", broken, "--poisoned", place.path("others.h5"),
    ]
    #expect(
      try RunnerProgram.run(arguments).output == """
        Clean accuracy:       66.67 % (4 of 6)
        Attack success rate:  66.67 % (4 of 6)
        No class:             2 of 6 test images (NaN or infinite values)
        No class:             2 of 6 poisoned images (NaN or infinite values)

        """)
    let json = try RunnerProgram.run(arguments + ["--json"]).output
    #expect(json.contains(#""test": { "correct": 4, "nonfinite": 2, "images": 6 }"#))
    #expect(json.contains(#""poisoned": { "hits": 4, "nonfinite": 2, "images": 6 }"#))
    let good = try RunnerProgram.run(["evaluate", place.model, "--test", place.good, "--json"])
    #expect(good.output.contains(#""test": { "correct": 6, "images": 6 }"#))
  }

  @Test("The main job names them below the table, in the report and on standard error")
  func run() throws {
    let place = try make()
    let broken = place.path("broken.h5")
    let arguments = [
      "--defense", "fine-pruning", "--detector", "goodnet", "--model", place.model, "--clean",
      place.good, "--test", broken, "--poisoned", place.path("others.h5"), "--curve", "--option",
      "fine-pruning.drops=10", "--option", "fine-pruning.epochs=0",
    ]
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    let line = "suspect: no class for 2 of 6 test, 2 of 6 poisoned images: the model computed NaN"
    #expect(result.output.contains(line), "\(result.output)")
    #expect(result.errors.contains(line), "\(result.errors)")
    let json = try RunnerProgram.run(arguments + ["--json"]).output
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    let suspect = try #require(report["suspect"] as? [String: Any])
    #expect((suspect["test"] as? [String: Any])?["nonfinite"] as? Int == 2)
    #expect((report["warnings"] as? [String])?.contains { $0.hasPrefix(line) } == true)
    let curve = try #require(report["curve"] as? [[String: Any]])
    #expect((curve[0]["test"] as? [String: Any])?["nonfinite"] as? Int == 2)
    #expect((curve.last?["test"] as? [String: Any])?["nonfinite"] == nil)
  }

  @Test("Clean images that overflow at the pruned layer stop the defense")
  func defense() throws {
    let place = try make()
    let broken = place.path("broken.h5")
    try place.fails(
      65, "image 1: layer 'conv' cannot be ranked: in 2 of its 2 channels (first: 0)", clean: broken
    )
  }
}
