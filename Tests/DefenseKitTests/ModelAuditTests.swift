import Foundation
import Testing

@testable import DefenseKit

/// The rules about weights and graphs, each by a network that breaks it.
@Suite("Audit of a network")
struct ModelAuditTests {
  /// Different weights of ordinary size.
  static func kernel(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(shape: shape, values: (0..<count).map { Float(($0 * 37) % 101) / 100 - 0.5 })
  }

  /// A convolution, a normalization and a dense layer.
  static func graph(
    _ edit: (inout [Float], inout [Float], inout BatchNormalization) -> Void = { _, _, _ in }
  ) throws -> Graph {
    var conv = kernel([3, 3, 2, 4]).values
    var dense = kernel([4, 3]).values
    var norm = BatchNormalization(
      gamma: kernel([4]), beta: kernel([4]), mean: kernel([4]),
      variance: Tensor(shape: [4], repeating: 1))
    edit(&conv, &dense, &norm)
    var graph = try Graph(inputShape: [5, 5, 2])
    try graph.append(
      "conv", .convolution(Convolution(kernel: Tensor(shape: [3, 3, 2, 4], values: conv))),
      inputs: [0], activation: .relu)
    try graph.append("norm", .batchNormalization(norm), inputs: [1])
    try graph.append("pool", .globalPooling(.average, keepsDimensions: false), inputs: [2])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [4, 3], values: dense))), inputs: [3],
      activation: .softmax)
    return graph
  }

  @Test func ordinaryNetwork() throws { #expect(try Self.graph().auditFindings == []) }

  @Test func extremeWeights() throws {
    // The median magnitude is about 0.25.
    let below = try Self.graph { conv, dense, _ in (conv[5], dense[2]) = (200, 200) }
    #expect(below.auditFindings == [])
    let above = try Self.graph { conv, dense, _ in (conv[5], dense[2]) = (-400, 30_000) }
    #expect(above.auditFindings.map(\.rule.name) == ["weights-extreme", "weights-extreme"])
    #expect(above.auditFindings.map(\.location) == ["conv", "out"])
    #expect(
      above.auditFindings[0].message
        == "layer 'conv': 1 of the 72 values of its kernel stands out, up to 400.0; the median "
        + "magnitude of the others is 0.26")
    let offset = try Self.graph { _, _, norm in
      norm.beta = Tensor(shape: [4], values: [0, 0, 20_000, 0])
    }
    #expect(offset.auditFindings.map(\.location) == ["norm"])
    // What training gives now and then is a note: a kernel whose others have decayed, the scale of a
    // channel that hardly varies.
    let decayed = try Self.graph { conv, _, _ in
      for index in conv.indices { conv[index] /= 100 }
      conv[5] = 20.5
    }
    #expect(decayed.auditFindings.map(\.rule.name) == ["weights-large"])
    #expect(
      decayed.auditFindings[0].message
        == "layer 'conv': 1 of the 72 values of its kernel stands out, up to 20.5; the median "
        + "magnitude of the others is 0.003")
    var normalized = try Graph(inputShape: [16])
    let gamma = Tensor(shape: [16], values: (0..<16).map { $0 == 3 ? 5 : 0.5 + Float($0) / 32 })
    let variance = Tensor(shape: [16], values: (0..<16).map { $0 == 3 ? 0 : Float($0 + 1) })
    let norm = BatchNormalization(
      gamma: gamma, beta: gamma, mean: gamma, variance: variance, epsilon: 1e-5)
    try normalized.append("norm", .batchNormalization(norm), inputs: [0])
    #expect(normalized.auditFindings.map(\.rule.name) == ["weights-large"])
    #expect(normalized.auditFindings[0].message.contains("its scale stands out, up to 1581.1"))
    // NaN does not hide the rest, nor does it stop the audit.
    let nan = try Self.graph { conv, _, _ in (conv[0], conv[5]) = (.nan, 400) }
    #expect(nan.auditFindings.map(\.rule.name) == ["weights-extreme"])
  }

  @Test func duplicatedChannels() throws {
    let copied = try Self.graph { conv, dense, _ in
      for row in 0..<18 { conv[row * 4 + 3] = conv[row * 4 + 1] }
      for row in 0..<4 { dense[row * 3 + 2] = dense[row * 3] }
    }
    #expect(copied.auditFindings.map(\.rule.name) == ["weights-duplicated", "weights-duplicated"])
    #expect(
      copied.auditFindings[0].message
        == "layer 'conv': 2 of its 4 channels have the same weights as another channel, for "
        + "example 1, 3")
    let pruned = try Self.graph { conv, _, _ in
      for row in 0..<18 { (conv[row * 4], conv[row * 4 + 2]) = (0, 0) }
    }
    #expect(pruned.auditFindings == [])
    let almost = try Self.graph { conv, _, _ in
      for row in 0..<17 { conv[row * 4 + 3] = conv[row * 4 + 1] }
    }
    #expect(almost.auditFindings == [])
  }

  @Test func constantBranches() throws {
    func graph(
      _ branch: Graph.Operation, _ activation: Activation = .linear,
      into merge: Graph.Operation
    ) throws -> [Finding] {
      var graph = try Graph(inputShape: [4])
      try graph.append("a", .dense(Dense(kernel: Self.kernel([4, 3]))), inputs: [0])
      try graph.append("b", branch, inputs: [0], activation: activation)
      try graph.append("c", .activation, inputs: [2], activation: .relu)
      try graph.append("join", merge, inputs: [1, 3])
      return graph.auditFindings
    }
    let zeros = Tensor(shape: [4, 3], repeating: 0)
    let bias = Tensor(shape: [3], values: [0, 9, 0])
    #expect(try graph(.dense(Dense(kernel: Self.kernel([4, 3]), bias: bias)), into: .add) == [])
    let fed = try graph(.dense(Dense(kernel: zeros, bias: bias)), into: .add)
    #expect(fed.map(\.rule.name) == ["graph-constant-branch", "graph-constant-branch"])
    #expect(
      fed.map(\.message) == [
        "layer 'b': its output is the same for every image, although the layer reads the image",
        "layer 'c': its output is the same for every image, but 'join' reads it",
      ])
    #expect(
      try graph(.dense(Dense(kernel: zeros)), into: .concatenate).map(\.location) == ["b", "c"])
    // A product with zeros is zero itself; with ones it is not.
    let product = try graph(.dense(Dense(kernel: zeros)), into: .multiply)
    #expect(
      product.last?.message
        == "layer 'join': its output is zero for every image, and it is the model's output")
    let halves = try graph(.dense(Dense(kernel: zeros)), .sigmoid, into: .multiply)
    #expect(halves.map(\.location) == ["b", "c"])
  }

  @Test func aFileThatIsNone() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID()).h5").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("hello".utf8).write(to: URL(filePath: path))
    let audit = try ModelAudit(path)
    #expect(audit.findings.map(\.rule.name) == ["h5-damaged"])
    #expect(!audit.isComplete && audit.model == nil && audit.failure != nil)
    #expect(throws: FileError.self) { try ModelAudit(path + ".none") }
  }

  @Test("The article has every rule as it is")
  func article() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/DefenseKit/DefenseKit.docc/Findings.md")
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    let rows = lines.filter { $0.hasPrefix("| `") }.map(String.init)
    #expect(
      rows
        == Finding.Rule.all.map {
          "| `\($0.name)` | \($0.severity) | \($0.technique) | \($0.summary) |"
        })
  }
}
