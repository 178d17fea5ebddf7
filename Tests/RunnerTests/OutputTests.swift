import DefenseKit
import Foundation
import Testing

@testable import RunnerKit

@Suite("Output")
struct OutputTests {
  @Test("The folder appears whole, is refused later, and is replaced with force")
  func folder() throws {
    let root = try TemporaryFolder()
    let out = "\(root.path)/out"
    try OutputFolder(out, force: false, inputs: []).write { folder in
      try AtomicFile.write(
        #"{"schema": 2, "files": [{"file": "a.h5"}]}"#, to: "\(folder)/report.json")
      try AtomicFile.write("x", to: "\(folder)/a.h5")
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    #expect(try root.names == ["out"])
    #expect(throws: Failure.self) { try OutputFolder(out, force: false, inputs: []) }
    #expect(throws: Failure.self) { try OutputFolder(out, force: true, inputs: ["\(out)/a.h5"]) }
    try OutputFolder(out, force: true, inputs: []).write {
      try AtomicFile.write("{}", to: "\($0)/report.json")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["report.json"])
    #expect(try root.names == ["out"])
  }

  @Test("A failure leaves what was there, and nothing else")
  func failure() throws {
    let root = try TemporaryFolder()
    let out = "\(root.path)/out"
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try OutputFolder(out, force: false, inputs: []).write {
        try AtomicFile.write("x", to: "\($0)/curve.csv")
        throw Stop()
      }
    }
    #expect(try root.names == [])
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
    #expect(throws: Stop.self) {
      try OutputFolder(out, force: false, inputs: []).write { _ in throw Stop() }
    }
    #expect(try root.names == ["out"])
    try OutputFolder("\(out)/", force: false, inputs: []).write {
      try AtomicFile.write("{}", to: "\($0)/report.json")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["report.json"])
  }

  @Test("A model that the report does not name is not taken for a result")
  func foreignModel() throws {
    let root = try TemporaryFolder()
    for name in ["report.json", "suspect.h5"] {
      try Data(#"{"schema": 2, "file": "suspect.h5"}"#.utf8).write(
        to: URL(fileURLWithPath: "\(root.path)/\(name)"))
    }
    #expect(throws: Failure.self) { try OutputFolder(root.path, force: true, inputs: []) }
  }

  @Test("Numbers in groups")
  func numbers() {
    #expect(grouped(1_234_567) == "1,234,567")
    #expect(grouped(-123) == "-123")
  }

  @Test("Scales")
  func scales() {
    #expect(Scale(argument: "1/255")?.factor == Float(1) / 255)
    #expect(Scale(argument: "0.5")?.factor == 0.5)
    for text in ["", "/", "1/", "1/0", "nan", "inf", "0", "1/2/3"] {
      #expect(Scale(argument: text) == nil, "\(text)")
    }
  }

  @Test("Errors become exit statuses and one line")
  func failures() {
    #expect(Failure(PluginError(.unknownPlugin, "a\nb")).status == 64)
    #expect(Failure(PluginError(.unknownPlugin, "a\n  b")).message == "a b")
    #expect(Failure(PluginError(.unsuitableModel, "a")).status == 65)
    #expect(Failure(GraphError(node: "n", "a")).message == "layer 'n': a")
    #expect(Failure(DataError("a")).status == 65)
    #expect(Failure(FileError(.missingInput, path: "p", "a")).status == 66)
  }

  @Test("A listing of a small model")
  func inspect() throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append(
      "conv",
      .convolution(
        Convolution(
          kernel: Tensor(shape: [3, 3, 1, 8], repeating: 1), bias: Tensor(shape: [8], repeating: 0))
      ),
      inputs: [0], activation: .relu)
    try graph.append("flat", .flatten, inputs: [1])
    try graph.append(
      "out", .dense(Dense(kernel: Tensor(shape: [32, 10], repeating: 0))), inputs: [2],
      activation: .softmax)
    let text = InspectCommand.text(Model(graph: graph), cost: 608)
    #expect(
      text == """
        layer  operation          reads  shape  parameters  KiB
        ───────────────────────────────────────────────────────
        input  input                     4x4x1              0.1
        conv   convolution, relu  input  2x2x8          80  0.1
        flat   flatten            conv      32              0.1
        out    dense, softmax     flat      10         320  0.0

        classes          10
        parameters       400
        multiply-adds    608 per image
        prunable layers  conv
        pruned first     conv
        can be written   as keras, onnx

        """)
  }
}
