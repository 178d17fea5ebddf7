import Foundation
import InferenceGraph
import NetworkTraining
import Synchronization
import Testing

@testable import ModelIO

@Suite("ONNX models")
final class ONNXModelTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func scores(of model: Model, _ image: [Float]) throws -> [Float] {
    let scores = Mutex<[Float]>([])
    try Executor([model]).run(ArraySource(image, imageShape: model.graph.inputShape)) { batch in
      scores.withLock { $0 += batch.outputs(of: 0) }
    }
    return scores.withLock { $0 }
  }

  private func isNear(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($1)) }
  }

  /// Numbers that 16-bit floats of both kinds represent exactly.
  private func numbers(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: -64...64, using: &random)) / 64 }
  }

  /// Convolution, pooling, flattening and a dense layer of random sizes, by plain loops.
  @Test("Scores are those of plain loops over [channels][height][width]", arguments: 0..<60)
  func network(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let groups = integer(1...3)
    let shape = [groups * integer(1...2), integer(5...9), integer(5...9)]
    let kernel = [groups * integer(1...3), shape[0] / groups, integer(1...3), integer(1...3)]
    let (strides, dilations) = (
      [integer(1...2), integer(1...2)], [integer(1...2), integer(1...2)]
    )
    let pads = (0..<4).map { _ in integer(0...2) }
    let weights = numbers(kernel.reduce(1, *), &random)
    let bias = numbers(kernel[0], &random)
    let window = [integer(1...2), integer(1...2)]
    let border = (0..<4).map { integer(0...1) * (window[$0 % 2] - 1) }
    let isMaximum = Bool.random(using: &random)
    let image = ChannelsFirst(shape: shape, values: numbers(shape.reduce(1, *), &random))
    let pooled =
      image.convolved(
        weights, kernel, bias: bias, strides: strides, pads: pads, dilations: dilations,
        groups: groups
      )
      .pooled(isMaximum: isMaximum, window, strides: window, pads: border).mapped { max($0, 0) }
    let matrix = numbers(4 * pooled.values.count, &random)
    let offsets = numbers(4, &random)

    var file = ONNXBuilder()
    file.opset = UInt64(integer(7...22))
    file.shape = shape
    file.batch = Bool.random(using: &random) ? 1 : nil
    let storages = ONNXBuilder.Storage.allCases
    let storage = storages[integer(0...storages.count - 1)]
    file.add("conv.weight", kernel, weights, as: storage)
    file.add("conv.bias", [kernel[0]], bias)
    file.add("fc.weight", [4, pooled.values.count], matrix, as: storage)
    file.add("fc.bias", [4], offsets)
    // Nodes may be in any order.
    file.add("scores", "Gemm", ["vector", "fc.weight", "fc.bias"], [("transB", .integer(1))])
    file.add(
      "conv", "Conv", ["image", "conv.weight", "conv.bias"],
      [
        ("strides", .integers(strides)), ("dilations", .integers(dilations)),
        ("pads", .integers(pads)), ("group", .integer(groups)),
      ])
    file.add(
      "pool", isMaximum ? "MaxPool" : "AveragePool", ["conv"],
      [
        ("kernel_shape", .integers(window)), ("strides", .integers(window)),
        ("pads", .integers(border)),
      ])
    file.add("/act/Relu", "Relu", ["pool"])
    if Bool.random(using: &random) {
      file.add("vector", "Flatten", ["/act/Relu"])
    } else {
      file.add("shape", [file.batch ?? 0, -1])
      file.add("vector", "Reshape", ["/act/Relu", "shape"])
    }
    let path = try file.write(to: folder)
    let model = try ModelFile.load(path)
    let found = try scores(of: model, image.channelsLast)
    let expected = pooled.dense(matrix, bias: offsets)
    #expect(isNear(found, expected), "seed \(seed): \(found), \(expected)")
    #expect(try ModelFile.load(path, sandbox: .off).graph == model.graph, "seed \(seed)")
    #expect(
      model.graph.nodes.map(\.name).prefix(5) == ["image", "conv", "pool", "act_Relu", "vector"])
    // A copy is written as Keras .h5, which cannot pad this pooling before the image.
    let copy = folder.appending(path: "copy.h5").path
    if border[0] > 0 || border[1] > 0 {
      let error = #expect(throws: FileError.self) { try KerasModel.save(model, to: copy) }
      #expect(error?.kind == .cannotWrite, "seed \(seed)")
      return
    }
    try KerasModel.save(model, to: copy)
    let again = try scores(of: try ModelFile.load(copy), image.channelsLast)
    #expect(isNear(again, expected), "seed \(seed), written: \(again), \(expected)")
  }

  /// A network with one convolution and another operator.
  private func small(_ add: (inout ONNXBuilder) -> Void) -> ONNXBuilder {
    var file = ONNXBuilder()
    file.add("w", [4, 3, 1, 1], (0..<12).map { Float($0) / 8 })
    file.add("conv", "Conv", ["image", "w"])
    add(&file)
    return file
  }

  private func problem(_ add: (inout ONNXBuilder) -> Void) throws -> String? {
    let path = try small(add).write(to: folder)
    let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
    return error?.problem
  }

  @Test("What is not supported is refused with the node's name and what to do")
  func refusals() throws {
    #expect(
      try problem { $0.add("scores", "NonMaxSuppression", ["conv"]) }
        == "node 'scores' (NonMaxSuppression): the operator is not supported; rebuild the network "
        + "without it, or give it as Keras .h5 (onnx-unsupported)")
    #expect(
      try problem { $0.add("scores", "QLinearConv", ["conv"]) }
        == "node 'scores' (QLinearConv): a quantized network is not supported; give the float model "
        + "that it was made from (onnx-unsupported)")
    #expect(
      try problem { $0.add("scores", "If", ["conv"], [("then_branch", .graph)]) }
        == "node 'scores' (If): control flow is not supported; export the model without it "
        + "(onnx-unsupported)")
    #expect(
      try problem { $0.add("scores", "Relu", ["conv"], domain: "com.maker") }
        == "node 'scores' (Relu): it is an operator of 'com.maker', not of ONNX; export the model "
        + "with ONNX's own operators (onnx-domain)")
    #expect(
      try problem { $0.add("scores", "Relu", ["nothing"]) }
        == "node 'scores' (Relu): it reads 'nothing', which nothing computes (onnx-graph)")
    #expect(
      try problem { $0.add("scores", "Add", ["conv", "scores"]) }
        == "node 'scores' (Add): it reads its own result; the file is damaged (onnx-graph)")
    #expect(
      try problem {
        $0.opset = 6
        $0.add("scores", "GlobalAveragePool", ["conv"])
      }
        == "uses version 6 of ONNX's operators; 7 to 22 are read: export it with opset_version=17 "
        + "(onnx-unsupported)")
    #expect(
      try problem { $0.add("scores", "Relu", ["conv"]) }
        == "output 'scores': the model's output has shape [6, 5, 4]; a classifier ends in one vector "
        + "of at least 2 class scores, or in one sigmoid unit (onnx-unsupported)")
  }

  @Test("Weights in another file are read only from a plain file in the folder")
  func external() throws {
    var file = ONNXBuilder()
    file.add("w", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6], as: .external)
    file.add("conv", "Conv", ["image", "w"])
    file.add("scores", "GlobalAveragePool", ["conv"])
    let path = try file.write(to: folder)
    #expect(try ModelFile.load(path).classCount == 2)
    let weights = folder.appending(path: "w.bin")
    let moved = folder.appending(path: "moved.bin")
    try FileManager.default.moveItem(at: weights, to: moved)
    #expect(throws: FileError.self) { try ModelFile.load(path) }
    for isSymbolic in [true, false] {
      if isSymbolic {
        try FileManager.default.createSymbolicLink(at: weights, withDestinationURL: moved)
      } else {
        try FileManager.default.linkItem(at: moved, to: weights)
      }
      let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
      #expect(
        error?.problem
          == "tensor 'w' is in 'w.bin', which is a link or has several names; copy the file itself "
          + "beside the model (onnx-external)")
      try FileManager.default.removeItem(at: weights)
    }
    for name in ["../w", "/etc/w", ".w"] {
      var file = ONNXBuilder()
      file.add(name, [2, 3, 1, 1], [1, 2, 3, 4, 5, 6], as: .external)
      file.add("conv", "Conv", ["image", name])
      file.add("scores", "GlobalAveragePool", ["conv"])
      let outside = folder.appending(path: "outside.onnx")
      try Data(file.bytes).write(to: outside)
      let error = #expect(throws: FileError.self) { try ModelFile.load(outside.path) }
      #expect(error?.finding?.rule == .onnxExternal, "\(name)")
    }
  }

  @Test("A field that occurs twice is refused")
  func duplicates() throws {
    let bytes = small { $0.add("scores", "GlobalAveragePool", ["conv"]) }.bytes
    let url = folder.appending(path: "two.onnx")
    try Data(bytes + bytes).write(to: url)
    let error = #expect(throws: FileError.self) { try ModelFile.load(url.path) }
    #expect(error?.finding?.rule == .onnxDuplicateField)
  }

  @Test("A tensor's shape is checked against its bytes before memory is taken")
  func shapes() throws {
    for shape in [
      [2, 3, 1, 2], [1 << 20, 1 << 20, 1 << 20, 1 << 20], [-2, -3, 1, 1], [0, 3, 1, 1],
    ] {
      var file = ONNXBuilder()
      file.add("w", shape, [1, 2, 3, 4, 5, 6])
      file.add("conv", "Conv", ["image", "w"])
      file.add("scores", "GlobalAveragePool", ["conv"])
      let path = try file.write(to: folder)
      let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
      #expect(error?.kind == .badData, "\(shape)")
    }
  }

  /// 20 constants of 16 MiB from 8 bytes.
  @Test("Constants that the file only describes are limited together")
  func filledConstants() throws {
    let file = small { file in
      file.add("extents", [1 << 22])
      let names = (0..<20).map { "filled\($0)" }
      for name in names { file.add(name, "ConstantOfShape", ["extents"]) }
      file.add("scores", "Sum", ["conv"] + names)
    }
    let error = #expect(throws: FileError.self) { try ModelFile.load(file.write(to: folder)) }
    #expect(error?.finding?.rule == .onnxSize, "\(error?.problem ?? "none")")
  }

  /// Whatever happens to a file's bytes, the reader answers.
  @Test("Cut and flipped files give a model or an error", arguments: 0..<20)
  func damage(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var file = small {
      $0.add("scores", "GlobalAveragePool", ["conv"], [("x", .text("y")), ("z", .float(1))])
    }
    file.add("b", [4], [1, 2, 3, 4], as: .half)
    let bytes = file.bytes
    for _ in 0..<100 {
      var damaged = bytes
      if Bool.random(using: &random) {
        damaged = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
      } else {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let bit = Int.random(in: 0..<8 * bytes.count, using: &random)
          damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        }
      }
      let url = folder.appending(path: "damaged.onnx")
      try Data(damaged).write(to: url)
      var reader = ONNXReader(url.path, sandbox: .off, isTolerant: true)
      _ = try? reader.read(Preprocessing())
      // A copy with other weights of what is read is read.
      guard var model = try? ModelFile.load(url.path, sandbox: .off),
        let layer = model.graph.nodes.first(where: { $0.operation.hasOwnChannels }),
        let masked = try? model.graph.masking([0], of: layer.name)
      else { continue }
      model.graph = masked
      let copy = folder.appending(path: "copy.onnx").path
      try ModelFile.save(model, to: copy)
      let again = try ModelFile.load(copy, sandbox: .off)
      #expect(again.graph.nodes.map(\.name) == model.graph.nodes.map(\.name), "seed \(seed)")
    }
  }

  @Test("The audit lists every finding, and the catalogue survives its way between processes")
  func audit() throws {
    var file = small { $0.add("scores", "GlobalAveragePool", ["conv"]) }
    file.add("unused", "Relu", ["conv"])
    file.add("half", [1], [1], as: .half)
    let audit = try ModelFile.audit(try file.write(to: folder))
    #expect(audit.model?.classCount == 4)
    #expect(audit.findings.map(\.rule) == [.onnxPrecision, .graphUnreachable])
    #expect(audit.sha256.count == 64)
    let bytes = file.bytes
    let message = ONNXCatalogue.message(of: unsafe bytes.span.bytes)
    #expect(
      try ONNXCatalogue(message: message) == ONNXParser.parse(unsafe bytes.span.bytes))
    for count in 0..<message.count {
      #expect(throws: (any Error).self) { try ONNXCatalogue(message: Array(message.prefix(count))) }
    }
  }

  @Test("One of several outputs is chosen by its name, and a copy of the file is read like it")
  func outputs() throws {
    let path = try small { file in
      file.add("scores", "GlobalAveragePool", ["conv"])
      file.add("v", [2, 4], (0..<8).map { Float($0) - 3 })
      file.add("flat", "Flatten", ["scores"])
      file.add("other", "Gemm", ["flat", "v"], [("transB", .integer(1))])
      file.otherOutputs = ["other"]
    }.write(to: folder)
    let error = #expect(throws: FileError.self) { try ModelFile.load(path) }
    #expect(
      error?.kind == .usage
        && error?.description == "\(path): has 2 outputs; set output-layer to scores or other")
    let missing = #expect(throws: FileError.self) { try ModelFile.load(path, outputLayer: "third") }
    #expect(
      missing?.description
        == "\(path): has no output 'third'; set output-layer to scores or other")
    let image = (0..<90).map { Float($0) / 90 }
    var found: [[Float]] = []
    for (name, classes) in [("scores", 4), ("other", 2)] {
      let model = try ModelFile.load(path, outputLayer: name)
      #expect(model.classCount == classes && model.outputLayer == name)
      found.append(try scores(of: model, image))
      #expect(try ModelFile.audit(path, outputLayer: name).model != nil)
      // A copy has both outputs, too.
      let copy = folder.appending(path: "copy.onnx").path
      var repaired = model
      repaired.graph = try model.graph.masking([1], of: "w")
      try ModelFile.save(repaired, as: .onnx, to: copy)
      #expect(throws: FileError.self) { try ModelFile.load(copy) }
      #expect(
        try scores(of: ModelFile.load(copy, outputLayer: name), image)
          == scores(of: repaired, image))
    }
    for row in 0..<2 {
      let sum = (0..<4).reduce(Float(0)) { $0 + found[0][$1] * Float(4 * row + $1 - 3) }
      #expect(abs(found[1][row] - sum) < 1e-4)
    }
    let single = try small { $0.add("scores", "GlobalAveragePool", ["conv"]) }.write(to: folder)
    let superfluous = #expect(throws: FileError.self) {
      try ModelFile.load(single, outputLayer: "x")
    }
    #expect(
      superfluous?.description == "\(single): has no output 'x'; leave output-layer out")
    #expect(try ModelFile.load(single, outputLayer: "scores").classCount == 4)
  }

  @Test("An ONNX model needs no other file for its layers")
  func architecture() throws {
    let path = try small { $0.add("scores", "GlobalAveragePool", ["conv"]) }.write(to: folder)
    let error = #expect(throws: FileError.self) {
      try ModelFile.load(path, architecture: path)
    }
    #expect(error?.kind == .usage)
  }
}
