import Foundation
import InferenceGraph
import LabFiles
import Testing

@testable import ModelIO

/// Files of stock Keras 3 are read, written, and predicted with by stock Keras again.
@Suite(.enabled(if: Lab.runsPython))
struct KerasFileTests {
  static let models = [
    "plain", "branches", "nested", "adapted", "normalized", "rearranged", "arithmetic", "names",
  ]

  func path(_ name: String) throws -> String {
    try #require(Fixtures.folder).appending(path: name).path
  }

  /// What Keras predicts with our files is what it predicted with its own.
  @Test func writtenModelsPredictTheSame() throws {
    var arguments: [String] = []
    for name in Self.models + (try keras2Models()) {
      let written = try path("written-\(name).h5")
      let model = try KerasModel.load(path("\(name).h5"))
      try KerasModel.save(model, to: written)
      arguments += [try path("\(name).check.h5"), "-", written]
      let archive = try path("written-\(name).keras")
      try KerasModel.save(model, to: archive)
      arguments += [try path("\(name).check.h5"), "-", archive]
      #expect(try KerasModel.load(archive).graph == KerasModel.load(written).graph)
      #expect(
        try KerasModel.audit(archive).findings == KerasModel.audit(written).findings)
    }
    // The real networks: the original against ours, both predicted by Keras.
    if Lab.runsSmall {
      let lab = try #require(Lab.folder)
      let images = try #require(Lab.small).appending(path: "cl/test.h5").path
      let files = [
        "bd_net.h5", "keras-files/whole-model-keras-2.3.1.h5",
        "keras-files/whole-model-keras-3.0.0.h5",
      ]
      for (number, file) in files.enumerated() {
        let original = lab.appending(path: file).path
        let written = try path("written-lab-\(number).h5")
        try KerasModel.save(try KerasModel.load(original), to: written)
        arguments += [images, original, written]
      }
    }
    let differences = try Fixtures.run("check.py", arguments).split(separator: "\n")
    #expect(differences.count == arguments.count / 3)
    for (index, difference) in differences.enumerated() {
      let value = try #require(Float(difference))
      #expect(value < 2e-6, "\(arguments[3 * index + 2])")
    }
  }

  /// The published classes come out of our copies of all six files, weights-only ones included.
  @Test(
    .enabled(if: Lab.runsSmall),
    arguments: LabModelTests.wholeModels + LabModelTests.weightsAlone
  )
  func labFilesPredictTheReferenceClasses(_ file: String) throws {
    let lab = try #require(Lab.folder)
    let reference = try JSONParser.parse(
      String(contentsOf: lab.appending(path: "reference-keras-files.json"), encoding: .utf8))
    let expected = try #require(reference[file])
    let small = try #require(Lab.small).path
    let written = try path("written-\(file.replacing("/", with: "-"))")
    try KerasModel.save(try LabModelTests().load(file), to: written)
    let scale = expected["scale"]?.string == "1/255" ? "0.00392156862745098" : "1"
    let classes = try Fixtures.run(
      "check.py",
      ["classes", scale, written, "\(small)/cl/valid.h5", "\(small)/bd/bd_valid.h5"]
    ).split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
    #expect(classes == [expected["valid"]?.ints, expected["bd_valid"]?.ints])
  }

  /// Up to Keras 2.2 a Sequential's configuration was a list without an input layer.
  @Test func oldSequentialConfiguration() throws {
    let json = try JSONParser.parse(String(contentsOfFile: path("adapted.json"), encoding: .utf8))
    var layers = try #require(json["config"]?["layers"]?.array)
    layers.removeFirst()
    var first = try #require(layers[0].object)
    var config = try #require(first["config"]?.object)
    config["batch_input_shape"] = [.null, 6, 6, 2]
    first["config"] = JSON(config)
    layers[0] = JSON(first)
    let old: JSON = ["class_name": "Sequential", "config": .array(layers)]
    let architecture = try path("old.json")
    try old.pythonText.write(toFile: architecture, atomically: true, encoding: .utf8)
    let whole = try KerasModel.load(path("adapted.h5")).graph
    let graph = try KerasModel.load(path("adapted.h5"), architecture: architecture).graph
    #expect(graph.nodes.dropFirst() == whole.nodes.dropFirst())
    #expect(graph.inputShape == whole.inputShape)
  }

  /// The models that Keras 2 wrote, where the Python has it as `tf_keras`.
  func keras2Models() throws -> [String] {
    let models = ["keras2-nested", "keras2-plain", "keras2-normalized", "keras2-arithmetic"]
    if FileManager.default.fileExists(atPath: try path("keras2-nested.h5")) { return models }
    #expect(!Lab.isRequired, "Scripts/requirements.txt names tf-keras, but it is missing")
    print("SKIPPED: files of Keras 2; install tf-keras into the Python of DEFENSEKIT_PYTHON")
    return []
  }

  /// Keras 2 reads our files as well.
  @Test func keras2LoadsWrittenModels() throws {
    var arguments: [String] = []
    for name in try keras2Models() + (keras2Models().isEmpty ? [] : ["branches", "nested"]) {
      let written = try path("written-for-2-\(name).h5")
      let model = try KerasModel.load(path("\(name).keras"))
      try KerasModel.save(model, to: written)
      let archive = try path("written-for-2-\(name).keras")
      try KerasModel.save(model, to: archive)
      arguments += [try path("\(name).check.h5"), "-", written]
      arguments += [try path("\(name).check.h5"), "-", archive]
    }
    if arguments.isEmpty { return }
    let differences = try Fixtures.run("check.py", arguments, ["DEFENSEKIT_KERAS": "2"])
      .split(separator: "\n")
    #expect(differences.count == arguments.count / 3)
    for difference in differences {
      #expect(try #require(Float(difference)) < 2e-6)
    }
  }

  @Test func weightsOfOtherNamesAreTakenInOrder() throws {
    if try keras2Models().isEmpty { return }
    let whole = try path("keras2-plain.h5")
    let weights = try KerasModel.load(path("keras2-plain-weights.h5"), architecture: whole)
    #expect(weights.graph == (try KerasModel.load(whole)).graph)
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
    let archives = try ["a", "b"].map { try path("\($0)-\(name).keras") }
    for file in archives { try KerasModel.save(model, to: file) }
    #expect(try sha256(ofFile: archives[0]) == sha256(ofFile: archives[1]))
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

  @Test func nothingIsFoundInThem() throws {
    for name in Self.models + (try keras2Models()) {
      #expect(try KerasModel.audit(path("\(name).h5")).findings == [], "\(name)")
    }
    for name in Self.models {
      let json = try path("\(name).json")
      let file = try path("\(name).weights.h5")
      #expect(try KerasModel.audit(file, architecture: json).findings == [], "\(name)")
    }
  }

  static let refused: [(String, String)] = [
    (
      "lambda",
      "layer 'evil' (Lambda): a Lambda layer is code in the file, which is never run; rebuild the "
        + "model without it (keras-lambda)"
    ),
    (
      "unknown",
      "layer 'up' (UnitNormalization): this class of layer is not supported (keras-unsupported)"
    ),
    (
      "custom",
      "layer 'odd' (Mine>Odd): it is a custom class that is not part of Keras, and code from a "
        + "file is never run; rebuild the model from parts of Keras (keras-custom-object)"
    ),
    (
      "nan",
      "layer 'last' (Dense): its weight 'kernel' is nan at position 7 (1 of its 32 values are not "
        + "finite); the model is damaged or its training diverged (weights-nonfinite)"
    ),
    (
      "image",
      "layer 'last': the model's output has shape [2, 2, 2]; a classifier ends in one vector of at "
        + "least 2 class scores, or in one sigmoid unit (keras-unsupported)"
    ),
    (
      "logit",
      "layer 'last': the model's output has shape [1]; a classifier ends in one vector of at least "
        + "2 class scores, or in one sigmoid unit; if it is a logit, append Activation('sigmoid') "
        + "to the model and save it again (keras-unsupported)"
    ),
    (
      "tanh",
      "layer 'last': the model's output has shape [1]; a classifier ends in one vector of at least "
        + "2 class scores, or in one sigmoid unit; if it is a logit, append Activation('sigmoid') "
        + "to the model and save it again (keras-unsupported)"
    ),
    (
      "anysize",
      "layer 'in': the size of its images is not fixed; save the model with a fixed input size "
        + "(keras-unsupported)"
    ),
    (
      "shape",
      "layer 'last' (Dense): its weight 'kernel' has shape [15, 2], but needs [16, 2] "
        + "(keras-config)"
    ),
    (
      "u1-nhwc",
      "holds no Keras model (it has: data, label); give a file written by model.save() "
        + "(keras-config)"
    ),
  ]

  @Test(arguments: refused)
  func refusals(_ name: String, _ message: String) throws {
    let file = try path("\(name).h5")
    let error = #expect(throws: FileError.self) { try KerasModel.load(file) }
    #expect(error?.problem == message)
    #expect(error?.kind == .badData)
  }

  /// As the refusal of a single logit advises.
  @Test(arguments: ["appended", "appended-nested"])
  func aLogitWithASigmoidBehindIt(_ name: String) throws {
    #expect(try KerasModel.load(path("\(name).h5")).classCount == 2)
  }

  @Test(arguments: [
    ("external", "takes its values from another file, which is not opened"),
    ("huge", "claims 4398046511104 bytes, more than the file holds"),
    ("missing", "its weight 'kernel' is missing in the file"),
  ])
  func refusedWeights(_ name: String, _ ending: String) throws {
    let error = #expect(throws: FileError.self) { try KerasModel.load(path("\(name).h5")) }
    #expect(error?.problem.contains(ending) == true, "\(error?.problem ?? "")")
  }
}
