import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Files of stock Keras 3 are read, written, and predicted with by stock Keras again.
@Suite(.enabled(if: Lab.python != nil))
struct KerasFileTests {
  static let models = ["plain", "branches", "nested", "adapted", "names"]

  func path(_ name: String) throws -> String {
    try #require(Lab.fixtures).appending(path: name).path
  }

  /// What Keras predicts with our files is what it predicted with its own.
  @Test func writtenModelsPredictTheSame() throws {
    var arguments: [String] = []
    for name in Self.models {
      let written = try path("written-\(name).h5")
      try KerasModel.save(try KerasModel.load(path("\(name).h5")), to: written)
      arguments += [try path("\(name).check.h5"), "-", written]
    }
    // The real networks: the original against ours, both predicted by Keras.
    if let lab = Lab.csaw {
      let small = try path("small")
      try python(lab.appending(path: "make_data.py").path, ["small", small])
      let files = [
        "bd_net.h5", "keras-files/whole-model-keras-2.3.1.h5",
        "keras-files/whole-model-keras-3.0.0.h5",
      ]
      for (number, file) in files.enumerated() {
        let original = lab.appending(path: file).path
        let written = try path("written-lab-\(number).h5")
        try KerasModel.save(try KerasModel.load(original), to: written)
        arguments += ["\(small)/cl/test.h5", original, written]
      }
    }
    let differences = try Lab.run("check.py", arguments).split(separator: "\n")
    #expect(differences.count == arguments.count / 3)
    for (index, difference) in differences.enumerated() {
      let value = try #require(Float(difference))
      #expect(value < 2e-6, "\(arguments[3 * index + 2])")
    }
  }

  private func python(_ script: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: try #require(Lab.python))
    process.arguments = [script] + arguments
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test(arguments: models)
  func weightsAloneGiveTheSameGraph(_ name: String) throws {
    let whole = try KerasModel.load(path("\(name).h5")).graph
    let json = try path("\(name).json")
    // The newer weights format, and a whole model's weights under another description.
    #expect(try KerasModel.load(path("\(name).weights.h5"), architecture: json).graph == whole)
    #expect(
      try KerasModel.load(path("\(name).weights.h5"), architecture: path("\(name).h5")).graph
        == whole)
    #expect(try KerasModel.load(path("\(name).h5"), architecture: json).graph == whole)
  }

  @Test(arguments: models)
  func equalModelsGiveEqualBytes(_ name: String) throws {
    let model = try KerasModel.load(path("\(name).h5"))
    let files = try ["a", "b"].map { try path("\($0)-\(name).h5") }
    for file in files { try KerasModel.save(model, to: file) }
    #expect(try sha256(ofFile: files[0]) == sha256(ofFile: files[1]))
    let again = try path("c-\(name).h5")
    try KerasModel.save(try KerasModel.load(files[0]), to: again)
    #expect(try KerasModel.load(again).graph == KerasModel.load(files[0]).graph)
  }

  @Test func namesOfNestedAndSharedLayers() throws {
    let graph = try KerasModel.load(path("nested.h5")).graph
    let names = graph.nodes.map(\.name)
    #expect(names.contains("first/conv") && names.contains("conv2"))
    #expect(names.filter { $0.hasPrefix("short") } == ["short", "short_1"])
    #expect(names.filter { $0.hasPrefix("shared") } == ["shared", "shared_1", "shared_2"])
  }

  @Test func aSparseKernelIsCompressed() throws {
    var graph = try Graph(inputShape: [512])
    var identity = [Float](repeating: 0, count: 512 * 512)
    for i in 0..<512 { identity[i * 513] = 1 }
    try graph.append(
      "dense", .dense(Dense(kernel: Tensor(shape: [512, 512], values: identity))), inputs: [0])
    let file = try path("sparse.h5")
    try KerasModel.save(Model(graph: graph), to: file)
    #expect(try InputFile.size(of: file) < 40_000)
    #expect(try KerasModel.load(file).graph == graph)
  }

  @Test func theSuspectIsNotOverwritten() throws {
    let file = try path("suspect.h5")
    try? FileManager.default.removeItem(atPath: file)
    try FileManager.default.copyItem(atPath: path("adapted.h5"), toPath: file)
    let model = try KerasModel.load(file)
    let error = #expect(throws: FileError.self) { try KerasModel.save(model, to: file) }
    #expect(error?.kind == .cannotWrite)
    #expect(try KerasModel.load(file).source == model.source)
  }

  static let refused: [(String, String)] = [
    (
      "lambda",
      "layer 'evil' (Lambda): a Lambda layer is code in the file, which is never run; rebuild the "
        + "model without it"
    ),
    ("unknown", "layer 'up' (UpSampling2D): this class of layer is not supported"),
    (
      "custom",
      "layer 'odd' (Mine>Odd): an unknown class of layer; only Keras's own image layers can be "
        + "read, code is never run"
    ),
    (
      "nan",
      "layer 'last' (Dense): its weight 'kernel' is nan at position 7; the model is damaged or its "
        + "training diverged"
    ),
    ("two", "the model 'functional_5' has 2 outputs; one is needed"),
    (
      "image",
      "layer 'conv2d': the model's result has shape [2, 2, 2]; a classifier ends in one vector of "
        + "at least 2 class scores"
    ),
    (
      "anysize",
      "layer 'in': the size of its images is not fixed; save the model with an input of the size "
        + "that it is used with"
    ),
    ("shape", "layer 'last' (Dense): its weight 'kernel' has shape [15, 2], where [16, 2] fits"),
    (
      "channels",
      "layer 'flat' (Flatten): channels_first is not supported; save the model with channels_last "
        + "layers"
    ),
    ("u1-nhwc", "holds no Keras model (it has: data, label); give a file written by model.save()"),
  ]

  @Test(arguments: refused)
  func refusals(_ name: String, _ message: String) throws {
    let file = try path("\(name).h5")
    let error = #expect(throws: FileError.self) { try KerasModel.load(file) }
    #expect(error?.message == message)
    #expect(error?.kind == .badData)
  }

  @Test(arguments: [
    ("external", "keeps its values in another file, which is not opened"),
    ("huge", "claims 4398046511104 bytes, more than the file holds"),
    ("missing", "its weight 'kernel' is missing in the file"),
  ])
  func refusedWeights(_ name: String, _ ending: String) throws {
    let error = #expect(throws: FileError.self) { try KerasModel.load(path("\(name).h5")) }
    #expect(error?.message.contains(ending) == true, "\(error?.message ?? "")")
  }

  @Test func aKerasZipIsNamed() throws {
    let error = #expect(throws: FileError.self) { try KerasModel.load(path("keras.keras")) }
    #expect(
      error?.message
        == "is a zip archive (perhaps a .keras file), not HDF5; save the model as .h5")
  }
}
