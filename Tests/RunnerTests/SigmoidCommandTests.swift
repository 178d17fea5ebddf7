import DefenseKit
import Foundation
import LabFiles
import Testing

@testable import ModelIO

/// A network that ends in one sigmoid unit, through all commands.
@Suite("One sigmoid unit, whole jobs")
struct SigmoidCommandTests {
  /// The network of a tutorial, as `model.to_json()` describes it.
  private static func architecture(ownLayer: Bool) -> JSON {
    func layer(_ className: String, _ name: String, _ config: [String: JSON]) -> JSON {
      [
        "class_name": .string(className),
        "config": JSON(config.merging(["name": .string(name)]) { $1 }),
      ]
    }
    let end =
      ownLayer
      ? [
        layer("Dense", "out", ["units": 1]),
        layer("Activation", "score", ["activation": "sigmoid"]),
      ] : [layer("Dense", "out", ["units": 1, "activation": "sigmoid"])]
    return [
      "class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow",
      "config": [
        "name": "pets",
        "layers": .array(
          [
            layer("InputLayer", "in", ["batch_input_shape": [.null, 8, 9, 1]]),
            layer("Rescaling", "scale", ["scale": JSON(Float(1) / 255)]),
            layer(
              "Conv2D", "conv", ["filters": 8, "kernel_size": [3, 3], "activation": "relu"]),
            layer("BatchNormalization", "norm", [:]),
            layer("MaxPooling2D", "pool", ["pool_size": [2, 2]]),
            layer("Flatten", "flat", [:]),
            layer("Dropout", "drop", ["rate": JSON(Float(0.25))]),
          ] + end),
      ],
    ]
  }

  /// The layers of a model's file behind the input, as class, units and activation.
  private func layers(_ path: String) throws -> [String] {
    let text = try #require(try HDF5File(path, sandbox: .auto).strings("model_config")?.first)
    let layers = try JSONParser.parse(text)["config"]?["layers"]?.array ?? []
    return layers.dropFirst().map { layer in
      let config = layer["config"]
      let parts = [
        layer["name"]?.string, config?["units"]?.int.map(String.init),
        config?["activation"]?.string,
      ]
      return parts.compactMap { $0 }.joined(separator: " ")
    }
  }

  private func run(_ arguments: [String]) throws -> String {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == 0, "\(arguments[0]): \(result.errors)")
    return result.output
  }

  private func classes(_ text: some StringProtocol, by separator: Character) -> [Int] {
    text.split(separator: separator).compactMap { Int($0) }
  }

  @Test(
    "Attacked, defended, judged; what is written ends in one sigmoid unit again",
    arguments: [
      false, true,
    ])
  func wholeJob(ownLayer: Bool) throws {
    let place = try AttackPlace()
    let train = try place.write("two", 200, seed: 3, classes: 2)
    let test = try place.write("two-test", 200, seed: 4, classes: 2)
    let json = place.path("pets.json")
    try Self.architecture(ownLayer: ownLayer).pythonText
      .write(toFile: json, atomically: true, encoding: .utf8)
    _ = try run([
      "attack", "badnets", "--train", train, "--test", test, "--architecture", json, "--output",
      place.output, "--epochs", "15", "--batch", "20", "--clean-share", "0.5",
    ])
    let model = "\(place.output)/model.h5"
    let end = ownLayer ? ["out 1 linear", "score sigmoid"] : ["out 1 sigmoid"]
    let structure = ["scale", "conv relu", "norm", "pool", "flat", "drop"] + end
    #expect(try layers(model) == structure)
    let suspect = try KerasModel.load(model)
    #expect(suspect.classCount == 2)

    let data = ["test", "poisoned"].map {
      "\(place.output)/\($0).h5"
    }
    let evaluated = try run(["evaluate", model, "--test", data[0], "--poisoned", data[1]])
    let labels = try data.map {
      try DataSet.load($0, for: [8, 9, 1], classCount: 2).labels.map { Int($0) }
    }
    let predicted = try data.map { classes(try run(["predict", model, "--data", $0]), by: "\n") }
    let counts = zip(labels, predicted).map { zip($0, $1).count { $0 == $1 } }
    for (count, labels) in zip(counts, labels) {
      #expect(evaluated.contains(" (\(count) of \(labels.count))"))
    }
    #expect(counts[0] >= labels[0].count * 9 / 10)

    let defended = place.path("defended")
    let report = try run([
      "--defense", "fine-pruning", "--defense", "fine-tuning", "--detector", "goodnet",
      "--detector", "strip", "--model", model, "--clean", "\(place.output)/clean.h5",
      "--test", data[0], "--poisoned", data[1], "--output", defended, "--compact", "--option",
      "fine-pruning.share=0.3", "--option", "fine-pruning.epochs=3", "--option",
      "fine-pruning.batch=10", "--option", "fine-tuning.epochs=3", "--option",
      "fine-tuning.batch=10", "--option", "strip.overlays=10",
    ])
    #expect(report.contains("fine-pruning") && report.contains("strip"))
    let names = try FileManager.default.contentsOfDirectory(atPath: defended).sorted()
      .filter { $0.hasSuffix(".h5") }
    let repaired = names.filter { !$0.hasPrefix("goodnet") }
    #expect(repaired.count == 2 && names.count == 4, "\(names)")
    for name in repaired { #expect(try layers("\(defended)/\(name)") == structure, "\(name)") }
    let pruned = try KerasModel.load(
      "\(defended)/\(try #require(repaired.first { $0.hasPrefix("fine-pruning") }))")
    #expect(
      try #require(pruned.graph.index(of: "conv").map { pruned.graph.nodes[$0] }).channels < 8)

    guard Lab.runsPython else { return }
    // In Keras: one score an image, over 0.5 where we say 1; GoodNet's file says what the detector does.
    let paths = (["model.h5"].map { "\(place.output)/\($0)" } + names.map { "\(defended)/\($0)" })
    let outputs = place.path("outputs")
    try FileManager.default.createDirectory(atPath: outputs, withIntermediateDirectories: false)
    let lines = try Lab.run(
      Lab.repository.appending(path: "Tests/RunnerTests/Fixtures/predict.py"),
      [outputs, data.joined(separator: ",")] + paths
    ).split(separator: "\n")
    try #require(lines.count == paths.count)
    for (number, path) in paths.enumerated() {
      if path.contains("/goodnet-") {
        let pair = path.replacing("/goodnet-", with: "/")
        let ours = try data.flatMap {
          classes(
            try run([
              "predict", model, "--repaired", pair, "--detector", "goodnet", "--data", $0,
            ]), by: "\n")
        }
        #expect(classes(lines[number], by: " ") == ours, "\(path)")
        let whole = try data.flatMap {
          classes(try run(["predict", path, "--data", $0]), by: "\n")
        }
        #expect(whole == ours)
      } else {
        let ours = try data.flatMap { classes(try run(["predict", path, "--data", $0]), by: "\n") }
        let scores = try Data(contentsOf: URL(filePath: "\(outputs)/\(number)"))
        #expect(scores.count == 4 * ours.count)
        let theirs = stride(from: 0, to: scores.count, by: 4).map { start in
          Float(
            bitPattern: (0..<4).reduce(0) { $0 | UInt32(scores[start + $1]) << (8 * $1) })
        }
        #expect(theirs.map { $0 > 0.5 ? 1 : 0 } == ours, "\(path)")
      }
    }
  }

  @Test("inspect lists the unit and the two classes that it stands for")
  func inspect() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/m.h5"
    var graph = try Graph(inputShape: [4], inputName: "in")
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [4, 1], values: [0.5, -1, 0.25, 0.125]))),
      inputs: [0], activation: .sigmoid)
    try KerasModel.save(Model(graph: graph), to: path)
    #expect(
      try run(["inspect", path]) == """
        layer        operation               reads  shape  parameters  KiB
        ──────────────────────────────────────────────────────────────────
        in           input                              4              0.0
        out          dense                   in         1           4  0.0
        out/sigmoid  binary logits, softmax  out        2              0.0

        classes          2
        parameters       4
        multiply-adds    4 per image
        prunable layers  none
        pruned first     none: there is no convolution
        can be written   as keras, onnx
        SHA-256          \(try sha256(ofFile: path))

        No findings. This does not prove that there is no backdoor.

        """)
  }
}
