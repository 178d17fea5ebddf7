import Foundation
import InferenceGraph
import NetworkTraining
import Testing

@testable import ModelIO

@Suite("Layers of several ONNX operators")
final class ONNXPatternTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "patterns-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Begins with a convolution whose channels come last in `turned`.
  private func file(_ opset: UInt64, _ random: inout SeededGenerator) -> ONNXBuilder {
    var file = ONNXBuilder()
    file.opset = opset
    file.add("w", [4, 3, 1, 1], (0..<12).map { _ in Float.random(in: -1...1, using: &random) })
    file.add("conv", "Conv", ["image", "w"])
    file.add("turned", "Transpose", ["conv"], [("perm", .integers([0, 2, 3, 1]))])
    return file
  }

  private func finish(_ file: inout ONNXBuilder, _ value: String) {
    file.add("back", "Transpose", [value], [("perm", .integers([0, 3, 1, 2]))])
    file.add("mean", "GlobalAveragePool", ["back"])
    file.add("scores", "Flatten", ["mean"])
  }

  /// Adds a layer normalization operator by operator; returns the name of its result.
  private func normalize(
    _ file: inout ONNXBuilder, _ epsilon: Float, isPower: Bool, isSwapped: Bool, parts: Int,
    axis: Int = -1
  ) -> String {
    file.add("m", "ReduceMean", ["turned"], [("axes", .integers([axis]))])
    file.add("d", "Sub", ["turned", "m"])
    file.add("two", [], [2])
    file.add("eps", [], [epsilon])
    file.add("square", isPower ? "Pow" : "Mul", ["d", isPower ? "two" : "d"])
    file.add(
      "v", "ReduceMean", ["square"], [("axes", .integers([axis])), ("keepdims", .integer(1))])
    file.add("sum", "Add", isSwapped ? ["eps", "v"] : ["v", "eps"])
    file.add("root", "Sqrt", ["sum"])
    file.add("q", "Div", ["d", "root"])
    if parts > 0 {
      file.add("scaled", "Mul", isSwapped ? ["norm.weight", "q"] : ["q", "norm.weight"])
    }
    if parts > 1 {
      file.add("moved", "Add", isSwapped ? ["norm.bias", "scaled"] : ["scaled", "norm.bias"])
    }
    return ["q", "scaled", "moved"][parts]
  }

  @Test("A layer normalization of separate operators is the layer itself", arguments: 0..<24)
  func normalization(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let epsilon = Float.random(in: 1e-6...1e-1, using: &random)
    let gamma = (0..<4).map { _ in Float.random(in: 0.5...2, using: &random) }
    let beta = (0..<4).map { _ in Float.random(in: -1...1, using: &random) }
    var parted = file(seed % 2 == 0 ? 11 : 13, &random)
    let parts = seed / 2 % 3
    parted.add("norm.weight", [4], gamma)
    parted.add("norm.bias", [4], beta)
    let result = normalize(
      &parted, epsilon, isPower: seed % 4 < 2, isSwapped: seed % 8 < 4, parts: parts,
      axis: seed % 3 == 0 ? 3 : -1)
    finish(&parted, result)
    let read = try ModelFile.load(parted.write(to: folder))
    let nodes = read.graph.nodes.compactMap { node -> LayerNormalization? in
      if case .layerNormalization(let layer) = node.operation { layer } else { nil }
    }
    try #require(nodes.count == 1)
    #expect(nodes[0].epsilon == epsilon)
    #expect(nodes[0].gamma?.values == (parts > 0 ? gamma : nil))
    #expect(nodes[0].beta?.values == (parts > 1 ? beta : nil))
    if parts > 0 { #expect(read.graph.index(of: "norm") != nil) }
    // Beside a plain loop.
    let image = (0..<90).map { _ in Float.random(in: -1...1, using: &random) }
    let kernel = try #require(read.graph.nodes[1].operation.weights.first).values
    var sums = [Double](repeating: 0, count: 4)
    for pixel in 0..<30 {
      let x = (0..<4).map { unit in
        (0..<3).reduce(0.0) { $0 + Double(image[3 * pixel + $1]) * Double(kernel[4 * $1 + unit]) }
      }
      let mean = x.reduce(0, +) / 4
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
      for unit in 0..<4 {
        var y = (x[unit] - mean) / (variance + Double(epsilon)).squareRoot()
        if parts > 0 { y *= Double(gamma[unit]) }
        if parts > 1 { y += Double(beta[unit]) }
        sums[unit] += y / 30
      }
    }
    for (a, b) in zip(try scores(of: read, image), sums) {
      #expect(abs(Double(a) - b) < 1e-5, "seed \(seed)")
    }
    // Its weights go back to their places in the file.
    if parts == 2 {
      var changed = read
      changed.graph.nodes = read.graph.nodes.map { node in
        var node = node
        node.operation.updateWeights { role, tensor in
          if role == .gamma || role == .beta {
            tensor = Tensor(shape: tensor.shape, values: tensor.values.map { $0 * 2 })
          }
        }
        return node
      }
      let copy = folder.appending(path: "copy.onnx").path
      try ModelFile.save(changed, as: .onnx, to: copy)
      #expect(try ModelFile.load(copy).graph == changed.graph)
    }
  }

  @Test("Operators whose results something else reads are no layer normalization")
  func otherReaders() throws {
    var random = SeededGenerator(seed: 3)
    for name in ["m", "square", "v", "sum", "root", "d"] {
      var other = file(11, &random)
      let result = normalize(&other, 1e-5, isPower: true, isSwapped: false, parts: 0)
      other.add("both", "Add", [result, name])
      finish(&other, "both")
      let error = #expect(throws: FileError.self, "\(name)") {
        try ModelFile.load(other.write(to: folder))
      }
      #expect(
        error?.problem
          == "node 'square' (Pow): it is supported for shapes and constants only (onnx-unsupported)",
        "\(name)")
    }
  }

  /// The attention of a Swin transformer in the oldest versions: each window by itself.
  @Test("The softmax of windows beside a batch of any size in the oldest versions")
  func oldSoftmax() throws {
    var random = SeededGenerator(seed: 7)
    var file = ONNXBuilder()
    file.opset = 11
    file.shape = [2, 4, 3]
    file.add("form", [-1, 2, 3])
    file.add("rows", "Transpose", ["image"], [("perm", .integers([0, 2, 1, 3]))])
    file.add("windows", "Reshape", ["rows", "form"])
    file.add("soft", "Softmax", ["windows"], [("axis", .integer(2))])
    file.add("whole", [-1, 24])
    file.add("scores", "Reshape", ["soft", "whole"])
    let model = try ModelFile.load(file.write(to: folder))
    let image = (0..<24).map { _ in Float.random(in: -1...1, using: &random) }
    let found = try scores(of: model, image)
    for y in 0..<4 {
      for c in 0..<2 {
        let row = (0..<3).map { exp(Double(image[(y * 3 + $0) * 2 + c])) }
        for x in 0..<3 {
          let right = row[x] / row.reduce(0, +)
          #expect(abs(Double(found[(y * 2 + c) * 3 + x]) - right) < 1e-6)
        }
      }
    }
  }

  /// The pads of a `Pad` as PyTorch's exporter computes them from pairs in the opposite order.
  @Test("Integers are reversed, transposed and reshaped as tables")
  func tables() throws {
    var random = SeededGenerator(seed: 5)
    var file = file(13, &random)
    file.add("pairs", [2, 1, 0, 3, 0, 0, 0, 0])
    file.add("form", [-1, 2])
    file.add("flat", [-1])
    for (name, value) in [
      ("start", -1), ("end", -9_223_372_036_854_775_807), ("axis", 0), ("step", -1),
    ] {
      file.add(name, [value])
    }
    file.add("table", "Reshape", ["pairs", "form"])
    file.add("reversed", "Slice", ["table", "start", "end", "axis", "step"])
    file.add("columns", "Transpose", ["reversed"], [("perm", .integers([1, 0]))])
    file.add("pads", "Reshape", ["columns", "flat"])
    file.add("padded", "Pad", ["conv", "pads"])
    file.add("scores", "Flatten", ["padded"])
    let graph = try ModelFile.load(file.write(to: folder)).graph
    let padding = graph.nodes.compactMap { node -> [Int]? in
      if case .zeroPadding(let top, let bottom, let left, let right) = node.operation {
        [top, bottom, left, right]
      } else {
        nil
      }
    }
    // The pairs are those of the width, the height, the channels and the images.
    #expect(padding == [[0, 3, 2, 1]])
  }

  @Test("A constant for each window of an image beside a batch of any size")
  func windows() throws {
    var random = SeededGenerator(seed: 6)
    var file = ONNXBuilder()
    file.shape = [2, 4, 3]
    let table = (0..<6).map { _ in Float.random(in: -1...1, using: &random) }
    file.add("form", [-1, 2, 3])
    file.add("table", [1, 2, 3], table)
    file.add("rows", "Transpose", ["image"], [("perm", .integers([0, 2, 1, 3]))])
    file.add("windows", "Reshape", ["rows", "form"])
    file.add("sum", "Add", ["windows", "table"])
    file.add("whole", [-1, 24])
    file.add("scores", "Reshape", ["sum", "whole"])
    let model = try ModelFile.load(file.write(to: folder))
    // Two images.
    let images = (0..<48).map { _ in Float.random(in: -1...1, using: &random) }
    let found = try scores(of: model, images)
    for image in 0..<2 {
      for y in 0..<4 {
        for c in 0..<2 {
          for x in 0..<3 {
            let right = images[image * 24 + (y * 3 + x) * 2 + c] + table[c * 3 + x]
            #expect(abs(found[image * 24 + (y * 2 + c) * 3 + x] - right) < 1e-6)
          }
        }
      }
    }
  }
}
