import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

@Suite("Writing back to ONNX files")
final class ONNXWritingTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "defensekit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Numbers that 16-bit floats of both kinds represent exactly; none is 0.
  private func numbers(_ count: Int, _ random: inout SeededGenerator) -> [Float] {
    (0..<count).map { _ in
      Float(Int.random(in: 1...64, using: &random)) / (Bool.random(using: &random) ? 64 : -64)
    }
  }

  /// A network with a convolution, a normalization and a dense layer, with weights of the seed.
  ///
  /// - Parameter channels: Channels of the convolution whose weights are 0.
  private func network(
    _ seed: UInt64, _ storage: ONNXBuilder.Storage, zero channels: [Int] = []
  ) -> (file: ONNXBuilder, kernel: [Int]) {
    var random = SeededGenerator(seed: seed)
    func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    var file = ONNXBuilder()
    file.shape = [integer(1...3), integer(3...6), integer(3...6)]
    let kernel = [integer(2...5), file.shape[0], integer(1...3), integer(1...3)]
    var weights = numbers(kernel.reduce(1, *), &random)
    var bias = numbers(kernel[0], &random)
    for channel in channels {
      let size = weights.count / kernel[0]
      for index in channel * size..<(channel + 1) * size { weights[index] = 0 }
      bias[channel] = 0
    }
    file.add("conv.weight", kernel, weights, as: storage)
    file.add("conv.bias", [kernel[0]], bias, as: storage)
    for name in ["bn.weight", "bn.bias", "bn.mean"] {
      file.add(name, [kernel[0]], numbers(kernel[0], &random), as: storage)
    }
    file.add("bn.var", [kernel[0]], numbers(kernel[0], &random).map(abs), as: storage)
    let extents = [file.shape[1] - kernel[2] + 1, file.shape[2] - kernel[3] + 1]
    let count = kernel[0] * extents[0] * extents[1]
    file.add("fc.weight", [3, count], numbers(3 * count, &random), as: storage)
    file.add("fc.bias", [3], numbers(3, &random), as: storage)
    file.add("conv", "Conv", ["image", "conv.weight", "conv.bias"])
    file.add("bn", "BatchNormalization", ["conv", "bn.weight", "bn.bias", "bn.mean", "bn.var"])
    file.add("flat", "Flatten", ["bn"])
    file.add("scores", "Gemm", ["flat", "fc.weight", "fc.bias"], [("transB", .integer(1))])
    return (file, kernel)
  }

  /// The file that the builder makes of the masked weights is the reference.
  @Test(
    "A channel that is set to zero changes its own bytes only",
    arguments: [ONNXBuilder.Storage.raw, .packed, .double, .brain, .external])
  func mask(_ storage: ONNXBuilder.Storage) throws {
    for seed in 0..<UInt64(20) {
      let (file, kernel) = network(seed, storage)
      let channel = Int(seed) % kernel[0]
      let path = try file.write(to: folder)
      let model = try ModelFile.load(path)
      #expect(ModelFile.format(of: model) == .onnx)
      var masked = model
      masked.graph = try model.graph.masking([channel], of: "conv")
      let copy = folder.appending(path: "copy.onnx")
      try ModelFile.save(masked, to: copy.path)
      var expected = network(seed, storage, zero: [channel]).file
      if storage == .external {
        // The other files are named after the copy, in the order of their names.
        let names = file.files.keys.sorted()
        for (number, name) in names.enumerated() {
          let new = number == 0 ? "copy.onnx.data" : "copy.onnx.data-\(number + 1)"
          #expect(
            try Data(contentsOf: folder.appending(path: new))
              == Data(try #require(expected.files[name])), "seed \(seed), \(name)")
          expected.rename(name, new)
        }
      }
      let bytes = try Data(contentsOf: copy)
      #expect(bytes == Data(expected.bytes), "seed \(seed)")
      #expect(try ModelFile.load(copy.path).graph == masked.graph, "seed \(seed)")
      #expect(try Data(contentsOf: URL(filePath: path)) == Data(file.bytes), "seed \(seed)")
      // An unchanged model gives an equal file, but for the names of other files.
      try ModelFile.save(model, to: copy.path)
      if storage != .external { #expect(try Data(contentsOf: copy) == Data(file.bytes)) }
      #expect(try ModelFile.load(copy.path).graph == model.graph, "seed \(seed)")
    }
  }

  /// Returns the graph with other numbers in all weights.
  private func tuned(_ graph: Graph, _ random: inout SeededGenerator) throws -> Graph {
    var result = graph
    for node in graph.nodes.dropFirst() {
      var operation = node.operation
      operation.updateWeights { role, tensor in
        let values = numbers(tensor.count, &random)
        tensor = Tensor(
          shape: tensor.shape, values: role == .movingVariance ? values.map(abs) : values)
      }
      result = try result.replacing(node.name, with: operation)
    }
    return result
  }

  @Test("Tuned weights come back as they were written", arguments: ONNXBuilder.Storage.allCases)
  func tuning(_ storage: ONNXBuilder.Storage) throws {
    for seed in 0..<UInt64(10) {
      var random = SeededGenerator(seed: seed + 1000)
      var model = try ModelFile.load(try network(seed, storage).file.write(to: folder))
      model.graph = try tuned(model.graph, &random)
      let copy = folder.appending(path: "copy.onnx").path
      try ModelFile.save(model, to: copy)
      let again = try ModelFile.load(copy)
      #expect(again.graph == model.graph, "seed \(seed)")
      // A copy can be the origin of another.
      model = again
      model.graph = try tuned(model.graph, &random)
      let second = folder.appending(path: "second.onnx").path
      try ModelFile.save(model, to: second)
      #expect(try ModelFile.load(second).graph == model.graph, "seed \(seed)")
    }
  }

  /// Weights that are shared, scaled, transposed, broadcast, computed, or in a node of their own.
  @Test("Weights are written back through all that exporters do to them", arguments: 0..<30)
  func ways(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var file = ONNXBuilder()
    file.version = Bool.random(using: &random) ? 3 : 8
    file.shape = [2, 5, 4]
    let storages = ONNXBuilder.Storage.allCases
    func storage() -> ONNXBuilder.Storage {
      storages[Int.random(in: 0..<storages.count, using: &random)]
    }
    // Both convolutions read one kernel, the second through an identity; both normalizations too.
    file.add("w", [2, 2, 3, 3], numbers(36, &random), as: storage())
    file.add("same", "Identity", ["w"])
    file.add("conv1", "Conv", ["image", "w"], [("pads", .integers([1, 1, 1, 1]))])
    file.add("offset", [2, 1, 1], numbers(2, &random), as: storage())
    file.add("biased", "Add", ["offset", "conv1"])
    file.add("conv2", "Conv", ["biased", "same"], [("pads", .integers([1, 1, 1, 1]))])
    file.add("ones", [2], [1, 1], as: storage())
    file.add("zeros", [2], [0, 0], as: storage())
    for (number, input) in ["conv2", "bn1"].enumerated() {
      file.add(
        "bn\(number + 1)", "BatchNormalization", [input, "ones", "zeros", "zeros", "ones"])
    }
    file.add("depth.weight", [4, 1, 2, 2], numbers(16, &random), as: storage())
    file.add("depth", "Conv", ["bn2", "depth.weight"], [("group", .integer(2))])
    file.add("flat", "Flatten", ["depth"])
    // A normalization of a vector whose elements the graph has in another order.
    for name in ["a", "b", "c"] { file.add(name, [48], numbers(48, &random), as: storage()) }
    file.add("d", [48], numbers(48, &random).map(abs), as: storage())
    file.add("bn3", "BatchNormalization", ["flat", "a", "b", "c", "d"])
    file.add("m", [6, 48], numbers(288, &random), as: storage())
    file.add("turned", "Transpose", ["m"])
    file.add("product", "MatMul", ["bn3", "turned"])
    file.add("e", [6], numbers(6, &random), as: storage())
    file.add("sum", "Add", ["product", "e"])
    file.add("rows", [1, 4, 6])
    file.add("n", [24], numbers(24, &random), as: storage())
    file.add("shape", [4, 6])
    file.add("square", "Reshape", ["n", "shape"])
    file.add("one", [1], numbers(1, &random), as: storage())
    file.add(
      "scores", "Gemm", ["sum", "square", "one"],
      [("transB", .integer(1)), ("alpha", .float(0.5)), ("beta", .float(-2))])
    let path = try file.write(to: folder)
    let model = try ModelFile.load(path)
    var changed = model
    changed.graph = try tuned(model.graph, &random)
    let copy = folder.appending(path: "copy.onnx").path
    try ModelFile.save(changed, to: copy)
    #expect(try ModelFile.load(copy).graph == changed.graph, "seed \(seed)")
    // One reader of a shared tensor alone.
    for layer in ["conv2", "same", "w"] where model.graph.index(of: layer) != nil {
      changed.graph = try model.graph.masking([1], of: layer)
      try ModelFile.save(changed, to: copy)
      #expect(try ModelFile.load(copy).graph == changed.graph, "seed \(seed), \(layer)")
    }
  }

  @Test("Rounding to 16 bits gives the nearest number, to even, and never more than the largest")
  func rounding() {
    for type in [ONNXElementType.float16, .bfloat16] {
      let all = (0..<UInt64(1) << 16).filter { type.float($0).isFinite }
      for bits in all {
        // Zeros of both signs stay apart.
        #expect(type.bits(of: type.float(bits)) == bits)
      }
      let sorted = all.filter { $0 < 0x8000 }.map { (type.float($0), $0) }
      var random = SeededGenerator(seed: 5)
      for _ in 0..<20_000 {
        let index = Int.random(in: 0..<sorted.count - 1, using: &random)
        let (low, high) = (sorted[index], sorted[index + 1])
        let middle = Float((Double(low.0) + Double(high.0)) / 2)
        for value in [middle, middle.nextUp, middle.nextDown, Float.random(in: low.0...high.0)] {
          let (below, above) = (Double(value) - Double(low.0), Double(high.0) - Double(value))
          let expected =
            below < above || below == above && low.1 % 2 == 0 ? low.1 : high.1
          #expect(type.bits(of: value) == expected, "\(value)")
          #expect(type.bits(of: -value) == expected | 0x8000, "\(value)")
        }
      }
      let largest = sorted.last?.1 ?? 0
      #expect(type.bits(of: .greatestFiniteMagnitude) == largest)
      #expect(type.bits(of: -.greatestFiniteMagnitude) == largest | 0x8000)
      #expect(type.float(type.bits(of: .infinity)) == .infinity)
      #expect(type.float(type.bits(of: .nan)).isNaN)
    }
    #expect(ONNXElementType.float16.bits(of: 1e9) == 0x7BFF)
    #expect(ONNXElementType.double.bits(of: 0.1) == Double(Float(0.1)).bitPattern)
  }

  @Test("The model that was read, and its weights, are never overwritten")
  func originals() throws {
    let (file, _) = network(1, .external)
    let path = try file.write(to: folder, as: "net.onnx")
    let model = try ModelFile.load(path)
    let error = #expect(throws: FileError.self) { try ModelFile.save(model, to: path) }
    #expect(error?.problem == "is the model that was read; give another name")
    // The weights of the copy would have the name of the original's.
    let copy = folder.appending(path: "copy.onnx").path
    try ModelFile.save(model, to: copy)
    let second = try ModelFile.load(copy)
    try FileManager.default.removeItem(atPath: copy)
    let before = try Data(contentsOf: folder.appending(path: "copy.onnx.data"))
    #expect(throws: FileError.self) { try ModelFile.save(second, to: copy) }
    #expect(try Data(contentsOf: folder.appending(path: "copy.onnx.data")) == before)
    // A file that has changed since is no longer the one that was examined.
    let third = folder.appending(path: "third.onnx").path
    let reread = try ModelFile.load(path)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0x10, 1]))
    try handle.close()
    let late = #expect(throws: FileError.self) { try ModelFile.save(reread, to: third) }
    #expect(late?.problem.contains("has changed since the model was read") == true)
  }

  @Test("Another tensor in the same bytes of another file keeps them")
  func overlaps() throws {
    var file = ONNXBuilder()
    file.add("w", [4, 3, 1, 1], (1...12).map { Float($0) }, as: .external)
    file.add("v", [4, 4, 1, 1], (1...16).map { Float($0) }, as: .external)
    file.add("conv", "Conv", ["image", "w"])
    file.add("conv2", "Conv", ["conv", "v"])
    file.add("scores", "GlobalAveragePool", ["conv2"])
    // Both lie in the longer file.
    file.rename("w.bin", "v.bin")
    let model = try ModelFile.load(try file.write(to: folder))
    var masked = model
    masked.graph = try model.graph.masking([0], of: "w")
    let copy = folder.appending(path: "copy.onnx").path
    try ModelFile.save(masked, to: copy)
    #expect(try ModelFile.load(copy).graph == masked.graph)
  }
}
