import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// A network of ONNX, and ONNX as the format of the results, through the commands.
@Suite("ONNX models, whole jobs")
struct ONNXCommandTests {
  /// A place with its model as "net.onnx".
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    try ModelFile.save(try ModelFile.load(place.model), as: .onnx, to: place.path("net.onnx"))
    return place
  }

  private func run(
    _ place: borrowing BadInputPlace, _ model: String, to output: String, _ extra: [String] = []
  ) throws -> (status: Int32, errors: String) {
    let result = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--detector", "goodnet", "--model", model, "--clean",
        place.good, "--option", "fine-pruning.drops=10", "--option",
        "fine-pruning.epochs=0", "--output", place.path(output),
      ] + extra)
    return (result.status, result.errors)
  }

  private func predictions(_ place: borrowing BadInputPlace, _ model: String) throws -> String {
    let result = try RunnerProgram.run(
      ["predict", place.path(model), "--data", place.good])
    #expect(result.status == 0, "\(model): \(result.errors)")
    return result.output
  }

  @Test("Repaired models and detectors have the suspect's format, or the one that is asked for")
  func formats() throws {
    let place = try make()
    let onnx = place.path("net.onnx")
    for (model, output, extra, end) in [
      (place.model, "a", [], "h5"), (onnx, "b", [], "onnx"),
      (onnx, "c", ["--format", "keras"], "h5"), (place.model, "d", ["--format", "onnx"], "onnx"),
    ] {
      let result = try run(place, model, to: output, extra)
      #expect(result.status == 0, "\(output): \(result.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: place.path(output))
      #expect(
        Set(names).isSuperset(
          of: ["fine-pruning-10.\(end)", "goodnet-fine-pruning-10.\(end)", "report.json"]))
      for stem in ["fine-pruning-10", "goodnet-fine-pruning-10"] {
        #expect(
          try predictions(place, "\(output)/\(stem).\(end)")
            == predictions(place, "a/\(stem).h5"), "\(output), \(stem)")
      }
      // The results are the program's own, which it may replace.
      #expect(try run(place, model, to: output, extra + ["--force"]).status == 0)
    }
    // The masked copy differs from the suspect in numbers only.
    let (suspect, repaired) = (
      try Data(contentsOf: URL(filePath: onnx)),
      try Data(contentsOf: URL(filePath: place.path("b/fine-pruning-10.onnx")))
    )
    #expect(suspect.count == repaired.count && suspect != repaired)
    // The detector is a comparison of classes.
    let detector = try Data(
      contentsOf: URL(filePath: place.path("b/goodnet-fine-pruning-10.onnx")))
    #expect(detector.range(of: Data("ArgMax".utf8)) != nil)
    #expect(detector.range(of: Data("scaled".utf8)) == nil)
  }

  @Test("What cannot be written is said before the work, and where nothing is written")
  func refusals() throws {
    let place = try make()
    let result = try RunnerProgram.run(
      [
        "--defense", "fine-pruning", "--model", place.model, "--clean", place.good,
        "--format", "onnx",
      ])
    #expect(result.status == 64)
    #expect(result.errors.contains("--format needs --output"))
    // A pooling that stock Keras cannot pad.
    var graph = try Graph(inputShape: try ModelFile.load(place.model).graph.inputShape)
    try graph.append(
      "pool",
      .pooling(
        Pooling(
          .max, window: Extent(2, 2), strides: .one,
          padding: .explicit(top: 1, bottom: 0, left: 1, right: 0))), inputs: [0])
    try graph.append(
      "conv",
      .convolution(
        Convolution(kernel: Tensor(shape: [1, 1, graph.inputShape[2], 3], repeating: 1))),
      inputs: [1])
    try graph.append("all", .globalPooling(.average, keepsDimensions: false), inputs: [2])
    try graph.append(
      "scores", .dense(Dense(kernel: Tensor(shape: [3, 3], values: [1, 0, 0, 0, 1, 0, 0, 0, 1]))),
      inputs: [3])
    try ModelFile.save(Model(graph: graph), as: .onnx, to: place.path("padded.onnx"))
    let refused = try run(
      place, place.path("padded.onnx"), to: "out", ["--format", "keras"])
    #expect(refused.status == 73)
    #expect(
      refused.errors == "runner: padded.onnx: cannot be written as a Keras file: layer 'pool': its "
        + "padding reaches further than around the middle of its window, which has no form in stock "
        + "Keras; use --format onnx\n")
    #expect(try run(place, place.path("padded.onnx"), to: "out").status == 0)
    let listing = try RunnerProgram.run(["inspect", place.path("padded.onnx")])
    #expect(
      listing.output.contains("\nwritten back as  ONNX, a copy of the file with other weights\n"))
  }
}
