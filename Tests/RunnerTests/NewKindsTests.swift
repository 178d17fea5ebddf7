import DefenseKit
import Foundation
import Testing

@testable import ModelIO

/// A defense without data and a detector without a repaired model, from the command line.
@Suite("clp and strip, whole")
struct NewKindsTests {
  /// A network with a strong channel in each of two convolutions, the second of which a sum reads too.
  private func make() throws -> BadInputPlace {
    let place = try BadInputPlace.make()
    var graph = try Graph(inputShape: [2, 2, 1])
    func strong(_ channel: Int, _ scale: Float, inputs: Int) -> Tensor {
      Tensor(
        shape: [1, 1, inputs, 12],
        values: (0..<inputs * 12).map { place in
          let weight = Float(place * 7 % 5 - 2) / 5 + (inputs == 1 ? 1 : 0)
          return scale * (place % 12 == channel ? 9 * weight + 1 : weight)
        })
    }
    func normalization(mean: Float) -> Graph.Operation {
      .batchNormalization(
        BatchNormalization(
          gamma: Tensor(shape: [12], repeating: 1), beta: Tensor(shape: [12], repeating: 0.1),
          mean: Tensor(shape: [12], repeating: mean), variance: Tensor(shape: [12], repeating: 1)))
    }
    try graph.append(
      "conv_1", .convolution(Convolution(kernel: strong(4, 0.01, inputs: 1))), inputs: [0])
    try graph.append("norm_1", normalization(mean: 0.3), inputs: [1])
    try graph.append("relu_1", .activation, inputs: [2], activation: .relu)
    try graph.append(
      "conv_2", .convolution(Convolution(kernel: strong(7, 1, inputs: 12))), inputs: [3])
    try graph.append("norm_2", normalization(mean: 0), inputs: [4])
    try graph.append("sum", .add, inputs: [4, 5])
    try graph.append("norm_3", normalization(mean: 0), inputs: [6])
    try graph.append("flatten", .flatten, inputs: [7])
    try graph.append(
      "dense",
      .dense(
        Dense(
          kernel: Tensor(shape: [48, 3], values: (0..<144).map { Float($0 * 11 % 7 - 3) / 30 }))),
      inputs: [8], activation: .softmax)
    try KerasModel.save(Model(graph: graph, name: "toy"), to: place.model)
    return place
  }

  private func run(_ arguments: [String]) throws -> RunnerProgram.Result {
    let result = try RunnerProgram.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    return result
  }

  @Test("clp needs no clean images; --compact removes what can be, and leaves the rest masked")
  func clp() throws {
    let place = try make()
    let arguments = ["--defense", "clp", "--model", place.model]
    let warning =
      "warning: clp leaves 1 of 3 batch normalizations as they are: 1 reads a sum (first: norm_3); "
      + "clp.sums=bound includes the sums\n"
    let masked = try run(arguments + ["--output", place.path("masked")])
    #expect(masked.errors == warning)
    let compact = try run(arguments + ["--output", place.path("compact"), "--compact"])
    #expect(compact.errors == warning)

    let report = try String(contentsOfFile: place.path("masked/report.json"), encoding: .utf8)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any])
    let repair = try #require((object["repairs"] as? [[String: Any]])?.first)
    let layers = try #require(repair["layers"] as? [[String: Any]])
    #expect(layers.map { $0["layer"] as? String } == ["conv_1", "norm_2"])
    #expect(layers.map { $0["pruned"] as? [Int] } == [[4], [7]])
    #expect(repair["clean"] is NSNull)

    let small = try KerasModel.load(place.path("compact/clp.h5"), sandbox: .off)
    #expect(small.graph.nodes[1].channels == 11 && small.graph.nodes[4].channels == 12)
    let data = ["--data", place.good]
    let classes = try run(["predict", place.path("masked/clp.h5")] + data).output
    #expect(try run(["predict", place.path("compact/clp.h5")] + data).output == classes)
    #expect(try run(["predict", place.path("masked/clp.h5")] + data).output != "")
  }

  @Test("clp refuses a network without batch normalization")
  func unsuitable() throws {
    let place = try BadInputPlace.make()
    let result = try RunnerProgram.run(["--defense", "clp", "--model", place.model])
    #expect(result.status == 64 || result.status == 65)
    #expect(
      result.errors.hasPrefix(
        "runner: clp needs batch normalization, which this network lacks; try fine-pruning, "
          + "fine-tuning, nad, i-bau, mm-bm or trigger-unlearning\n"))
  }

  @Test("strip runs without a defense, and predicts without a repaired model")
  func strip() throws {
    let place = try make()
    let arguments = [
      "--detector", "strip", "--option", "strip.overlays=10", "--option", "strip.alarms=0.34",
    ]
    let whole = try run(
      arguments + [
        "--model", place.model, "--clean", place.good, "--test", place.test, "--json",
      ])
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(whole.output.utf8)) as? [String: Any])
    #expect((object["repairs"] as? [Any])?.isEmpty == true)
    let suspect = try #require(object["suspect"] as? [String: Any])
    let detector = try #require((suspect["detectors"] as? [[String: Any]])?.first)
    let test = try #require(detector["test"] as? [String: Any])
    let labels = try run(
      ["predict", place.model, "--data", place.good, "--clean", place.good] + arguments
    ).output.split(separator: "\n")
    #expect(labels.count == 6)
    #expect(test["flagged"] as? Int == labels.count { $0 == "3" })

    let missing = try RunnerProgram.run(["--detector", "strip", "--model", place.model])
    #expect(missing.status == 64)
    #expect(
      missing.errors.hasPrefix(
        "runner: --model needs --clean, the clean images that strip works with\n"))
  }
}
