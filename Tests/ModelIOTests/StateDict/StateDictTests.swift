import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

/// Weights of PyTorch and safetensors in the network of an ONNX file.
@Suite("Weights of PyTorch")
final class StateDictTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> URL { folder.appending(path: name) }

  /// A convolution, normalization and a dense layer, whose weights a function gives by name.
  static func network(
    _ sizes: (channels: Int, classes: Int), alias: Bool = false,
    _ values: (_ name: String, _ shape: [Int]) -> [Float]
  ) -> ONNXBuilder {
    var file = ONNXBuilder()
    let (channels, classes) = sizes
    func add(_ name: String, _ shape: [Int]) { file.add(name, shape, values(name, shape)) }
    add("conv.weight", [channels, 3, 3, 2])
    file.add("c", "Conv", ["image", "conv.weight"])
    for name in ["weight", "bias", "running_mean", "running_var"] where !alias || name != "bias" {
      add("bn.\(name)", [channels])
    }
    if alias { file.add("bn.bias", "Identity", ["bn.running_mean"]) }
    file.add(
      "b", "BatchNormalization",
      ["c", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"])
    file.add("r", "Relu", ["b"])
    file.add("f", "Flatten", ["r"])
    add("fc.weight", [classes, channels * 4 * 4])
    add("fc.bias", [classes])
    file.add("scores", "Gemm", ["f", "fc.weight", "fc.bias"], [("transB", .integer(1))])
    return file
  }

  private static let names = [
    "conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "fc.weight",
    "fc.bias",
  ]

  /// Random weights of a network, in random types and orders.
  struct Sample {
    var weights: [CheckpointBuilder.Weight] = []
    let sizes: (channels: Int, classes: Int)

    init(_ random: inout SeededGenerator, form: CheckpointBuilder.Form) {
      sizes = (Int.random(in: 1...5, using: &random), Int.random(in: 2...6, using: &random))
      let types: [ONNXElementType] = [.float, .double, .float16, .bfloat16]
      var shapes: [(String, [Int])] = []
      _ = StateDictTests.network(sizes) { name, shape in
        shapes.append((name, shape))
        return [Float](repeating: 0, count: shape.reduce(1, *))
      }
      for (name, shape) in shapes {
        let isScale = name == "bn.running_var" || name == "bn.weight"
        var weight = CheckpointBuilder.Weight(
          name: name, shape: shape,
          values: (0..<shape.reduce(1, *)).map { _ in
            Float(Int.random(in: isScale ? 1...64 : -64...64, using: &random)) / 64
          }, type: types.randomElement(using: &random) ?? .float)
        if form != .safetensors {
          weight.order = Array(shape.indices).shuffled(using: &random)
          weight.offset = Int.random(in: 0...3, using: &random)
          weight.step = Int.random(in: 1...3, using: &random)
        }
        weights.append(weight)
      }
    }

    func values(_ name: String) -> [Float] { weights.first { $0.name == name }?.values ?? [] }
  }

  /// Every form, type, order of axes, offset and wrapper, with and without masks and prefixes.
  @Test(
    "Weights in another file give the network with these weights, bit by bit", arguments: 0..<90)
  func replaced(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let form = CheckpointBuilder.Form.allCases[Int(seed) % 3]
    let sample = Sample(&random, form: form)
    let whole = Self.network(sample.sizes) { name, _ in sample.values(name) }
    let alias = Bool.random(using: &random)
    let blank = Self.network(sample.sizes, alias: alias) { _, shape in
      (0..<shape.reduce(1, *)).map { Float($0 % 7) + 1 }
    }
    var file = CheckpointBuilder(weights: sample.weights)
    if Bool.random(using: &random), form != .safetensors {
      file.wrapper = [["model", "net", "netC", "state_dict"].randomElement(using: &random) ?? ""]
      file.others = [
        ("epoch", CheckpointBuilder.integer(90)),
        ("best", [UInt8(ascii: "G"), 63, 240, 0, 0, 0, 0, 0, 0]),
      ]
    }
    file.weights.append(.init(name: "bn.num_batches_tracked", shape: [], values: [7], type: .int64))
    if Bool.random(using: &random) {
      // A mask of zeros and ones, and a tensor of which it keeps only a part.
      let index = file.weights.firstIndex { $0.name == "fc.weight" } ?? 0
      var mask = file.weights[index]
      mask.name = "fc.weight_mask"
      mask.values = mask.values.map { $0 == 0 ? 0 : 1 }
      file.weights[index].name = "fc.weight_orig"
      file.weights[index].values = file.weights[index].values.map { $0 == 0 ? 5 : $0 }
      file.weights.insert(mask, at: 0)
    }
    let prefix = ["", "module.", "module._orig_mod.", "net."].randomElement(using: &random) ?? ""
    for index in file.weights.indices {
      file.weights[index].name = prefix + file.weights[index].name
    }
    file.weights.shuffle(using: &random)
    let weights = try file.write(form, to: path("weights"))
    let expected = try ModelFile.load(try whole.write(to: folder, as: "whole.onnx"))
    let architecture = try blank.write(to: folder, as: "blank.onnx")
    for sandbox in [Sandbox.auto, .off] {
      let model = try ModelFile.load(weights, architecture: architecture, sandbox: sandbox)
      #expect(
        model.graph.nodes.map(\.operation) == expected.graph.nodes.map(\.operation),
        "seed \(seed), \(form), prefix '\(prefix)', alias \(alias)")
      #expect(model.source?.sha256 == (try sha256(ofFile: weights)))
      #expect(ModelFile.format(of: model) == (form == .safetensors ? .safetensors : .pt))
    }
    let audit = try ModelFile.audit(weights)
    #expect(audit.findings.isEmpty && audit.failure == nil && audit.model == nil)
    #expect(Set(audit.tensors.map(\.name)) == Set(file.weights.map(\.name)))
    let error = #expect(throws: FileError.self) { try ModelFile.load(weights) }
    #expect(error?.kind == .usage)
    #expect(error?.problem == "holds weights without the layers that use them")
  }

  // MARK: Weights that are not the network's

  static func fixed() -> CheckpointBuilder {
    var random = SeededGenerator(seed: 1)
    var sample = Sample(&random, form: .safetensors)
    while sample.sizes != (4, 3) { sample = Sample(&random, form: .safetensors) }
    for index in sample.weights.indices { sample.weights[index].type = .float }
    return CheckpointBuilder(weights: sample.weights)
  }

  private func problem(
    _ form: CheckpointBuilder.Form = .zip, _ change: (inout CheckpointBuilder) -> Void,
    network: (inout ONNXBuilder) -> Void = { _ in }
  ) throws -> String {
    var file = Self.fixed()
    change(&file)
    var blank = Self.network((4, 3)) { _, shape in [Float](repeating: 1, count: shape.reduce(1, *))
    }
    network(&blank)
    let weights = try file.write(form, to: path("weights.pth"))
    let architecture = try blank.write(to: folder)
    let error = #expect(throws: FileError.self) {
      try ModelFile.load(weights, architecture: architecture)
    }
    #expect(error?.path == weights)
    // The audit finds the same, and goes on.
    let audit = try ModelFile.audit(weights, architecture: architecture)
    #expect(audit.findings.contains { "\($0.message) (\($0.rule.name))" == error?.problem })
    return error?.problem ?? ""
  }

  @Test("A weight of another shape is refused with both shapes")
  func otherShape() throws {
    #expect(
      try problem { $0.weights[5].shape = [2, 96] }
        == "tensor 'fc.weight' is 2x96, but 3x64 in net.onnx; give the ONNX file of the same "
        + "network (state-dict)")
    #expect(
      try problem { $0.weights[5].type = .int64 }
        == "tensor 'fc.weight' holds another kind of numbers than in net.onnx; give the ONNX file of "
        + "the same network (state-dict)")
  }

  private static let advice =
    "export the same network with torch.onnx.export(..., training=torch.onnx.TrainingMode.PRESERVE, "
    + "do_constant_folding=False, dynamo=False) (state-dict)"

  @Test("A network whose normalization is folded is refused, although all of its names fit")
  func folded() throws {
    let text = try problem { _ in
    } network: { blank in
      var folded = ONNXBuilder()
      folded.add("conv.weight", [4, 3, 3, 2], [Float](repeating: 1, count: 72))
      folded.add("c", "Conv", ["image", "conv.weight"])
      folded.add("r", "Relu", ["c"])
      folded.add("f", "Flatten", ["r"])
      folded.add("fc.weight", [3, 64], [Float](repeating: 1, count: 192))
      folded.add("fc.bias", [3], [1, 1, 1])
      folded.add("scores", "Gemm", ["f", "fc.weight", "fc.bias"], [("transB", .integer(1))])
      blank = folded
    }
    #expect(
      text == "tensor 'bn.bias', 4 (and 3 more), is not read in net.onnx, as if normalization were "
        + "folded into other layers there; " + Self.advice)
  }

  @Test("A weight that is missing is named with its shape")
  func missing() throws {
    #expect(
      try problem { $0.weights.removeLast() }
        == "lacks 'fc.bias', 3, which net.onnx has; " + Self.advice)
    #expect(
      try problem {
        $0.weights = []
      } network: { _ in
      }
        == "holds no weights by name; save model.state_dict() with torch.save (state-dict)")
  }

  @Test("Two sets of weights of one size are refused, the larger one is taken")
  func sets() throws {
    var file = Self.fixed()
    file.wrapper = ["model"]
    let storage = CheckpointBuilder.storage("Float", "0", 72)
    func set(_ count: Int) -> [UInt8] {
      CheckpointBuilder.ordered(
        (0..<count).map { ("w\($0)", CheckpointBuilder.tensor(storage, [72], [1])) })
    }
    file.others = [("model_ema", set(7)), ("optimizer", set(6))]
    let weights = try file.write(.zip, to: path("weights.pth"))
    #expect(
      try ModelFile.audit(weights).failure?.problem
        == "holds 2 sets of 7 tensors: 'model_ema', 'model'; save the one to use by itself with "
        + "torch.save (state-dict)")
    file.others.removeFirst()
    #expect(try ModelFile.audit(file.write(.zip, to: path("weights.pth"))).tensors.count == 7)
  }

  @Test("The architecture must be ONNX")
  func otherArchitecture() throws {
    let weights = try Self.fixed().write(.zip, to: path("weights.pth"))
    let error = #expect(throws: FileError.self) {
      try ModelFile.load(weights, architecture: weights)
    }
    #expect(
      error?.description
        == "\(weights): is a file of PyTorch, not the ONNX file or program of torch.export that "
        + "describes the network of weights of PyTorch")
  }

  @Test("A copy is written as Keras or ONNX and computes the same; the weights stay")
  func written() throws {
    let weights = try Self.fixed().write(.legacy, to: path("weights.pth"))
    let blank = Self.network((4, 3)) { _, shape in [Float](repeating: 1, count: shape.reduce(1, *))
    }
    let model = try ModelFile.load(weights, architecture: blank.write(to: folder))
    for format in ModelFormat.allCases {
      let copy = path("copy.\(ModelFile.fileExtension(of: model, as: format))").path
      try ModelFile.save(model, as: format, to: copy)
      let again = try ModelFile.load(
        copy, architecture: format.holdsOnlyWeights ? path("net.onnx").path : nil)
      #expect(again.graph.parameterCount == model.graph.parameterCount)
      // An ONNX copy takes images as the architecture does.
      if let origin = again.origin as? ONNXOrigin {
        #expect(origin.network.isChannelsFirst && origin.network.input == "image")
      }
      #expect(throws: FileError.self) { try ModelFile.save(model, as: format, to: weights) }
    }
  }
}
