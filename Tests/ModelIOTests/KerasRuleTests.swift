import Foundation
import InferenceGraph
import Testing

@testable import ModelIO

/// Every rule about a configuration, by the smallest configuration that breaks it.
@Suite("Rules for Keras configurations")
struct KerasRuleTests {
  /// A Sequential model with these layers between a flattening and a dense one.
  static func model(_ layers: String) -> String {
    """
    {"class_name": "Sequential", "config": {"name": "s", "layers": [
      {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [null, 2, 2, 1]}},
      \(layers),
      {"class_name": "Flatten", "config": {"name": "f"}}]}}
    """
  }

  static let marshalled = "4wEAAAAAAAAAAAAAAAEAAAACAAAAQwAAAHMIAAAA"
  static let pickled = "gASVIwAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU"

  /// What is in the configuration, the rule that it breaks, and where.
  static let broken: [(layers: String, rule: String, location: String)] = [
    (#"{"class_name": "Lambda", "config": {"name": "x"}}"#, "keras-lambda", "x"),
    (
      #"{"class_name": "TimeDistributed", "config": {"name": "t", "layer": {"class_name": "Lambda", "config": {"name": "x"}}}}"#,
      "keras-lambda", "t/x"
    ),
    (
      #"{"class_name": "Bidirectional", "config": {"name": "b", "layer": {"class_name": "RNN", "config": {"name": "r", "cell": {"class_name": "Lambda", "config": {"name": "x"}}}}}}"#,
      "keras-lambda", "b/r/x"
    ),
    (
      #"{"class_name": "Functional", "config": {"name": "n", "layers": [{"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Lambda", "name": "x", "config": {}}]}}]}}"#,
      "keras-lambda", "n/m/x"
    ),
    (
      #"{"class_name": "Sequential", "name": "old", "config": [{"class_name": "Lambda", "config": {"name": "x"}}]}"#,
      "keras-lambda", "old/x"
    ),
    (
      #"{"class_name": "Foo", "registered_name": "Lambda", "module": "keras.layers", "config": {"name": "x"}}"#,
      "keras-lambda", "x"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "activation": {"class_name": "__lambda__", "config": {"code": "4wE"}}}}"#,
      "keras-lambda", "d/activation"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "activation": {"function_type": "lambda"}}}"#,
      "keras-lambda", "d/activation"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "note": ["\#(marshalled)", null]}}"#,
      "keras-lambda", "d/note"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "kernel_initializer": {"class_name": "Constant", "config": {"value": "\#(pickled)"}}}}"#,
      "keras-blob", "d/kernel_initializer/value"
    ),
    (
      #"{"class_name": "TFSMLayer", "config": {"name": "x", "filepath": "/tmp/evil"}}"#,
      "keras-foreign-code", "x"
    ),
    (
      #"{"class_name": "TorchModuleWrapper", "config": {"name": "x"}}"#, "keras-foreign-code", "x"
    ),
    (
      #"{"class_name": "TFOpLambda", "config": {"name": "x", "function": "io.read_file"}}"#,
      "keras-foreign-code", "x"
    ),
    (
      #"{"class_name": "StringLookup", "config": {"name": "x", "vocabulary": "/etc/passwd"}}"#,
      "keras-file", "x"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "kernel_initializer": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}}}"#,
      "keras-module", "d/kernel_initializer"
    ),
    (
      #"{"class_name": "get_file", "module": "keras.utils", "config": {"name": "x"}}"#,
      "keras-module", "x"
    ),
    (
      #"{"class_name": "enable_unsafe_deserialization", "module": "keras.config", "config": {"name": "x"}}"#,
      "keras-module", "x"
    ),
    (
      #"{"class_name": "Dense", "module": "keras.layers.evil", "registered_name": "Mine>Dense", "config": {"name": "x"}}"#,
      "keras-custom-object", "x"
    ),
    (
      #"{"class_name": "Dense", "module": "keras.layers.evil..os", "config": {"name": "x"}}"#,
      "keras-module", "x"
    ),
    (
      #"{"class_name": "eval", "module": "builtins", "config": {"name": "x"}}"#, "keras-module", "x"
    ),
    (
      #"{"class_name": "Mine>Odd", "config": {"name": "x"}}"#, "keras-custom-object", "x"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "activation": {"class_name": "function", "config": "my_relu", "registered_name": "Mine>my_relu"}}}"#,
      "keras-custom-object", "d/activation"
    ),
    (
      #"{"class_name": "Dense", "config": {"name": "d", "bias_regularizer": {"class_name": "Evil", "config": {}}}}"#,
      "keras-custom-object", "d/bias_regularizer"
    ),
    (#"{"class_name": "Strange", "config": {"name": "x"}}"#, "keras-unknown-layer", "x"),
  ]

  @Test(arguments: broken)
  func rule(_ sample: (layers: String, rule: String, location: String)) throws {
    let text = Self.model(sample.layers)
    let findings = KerasAudit.findings(inModel: try JSONParser.parse(text))
    #expect(findings.map(\.rule.name) == [sample.rule], "\(findings)")
    #expect(findings.first?.location == sample.location)
    // The loader refuses by the same finding.
    let folder = try Folder()
    let path = try folder.file(text)
    let error = #expect(throws: FileError.self) { try KerasModel.load(path) }
    #expect(error?.finding == findings.first)
    #expect(error?.description.hasSuffix(" (\(sample.rule))") == true, "\(error?.problem ?? "")")
  }

  @Test(arguments: [
    (#"{"loss": {"class_name": "Custom>MyLoss", "config": {}}}"#, "keras-training"),
    (#"{"loss": "my_loss", "metrics": ["acc", ["mse"]]}"#, "keras-training"),
    (
      #"{"metrics": [{"class_name": "MeanMetricWrapper", "config": {"fn": "mine"}}]}"#,
      "keras-training"
    ),
    (
      #"{"loss": {"class_name": "LossFunctionWrapper", "config": {"fn": {"class_name": "__lambda__"}}}}"#,
      "keras-lambda"
    ),
    (#"{"optimizer_config": {"module": "os", "class_name": "system"}}"#, "keras-module"),
  ])
  func training(_ text: String, _ rule: String) throws {
    let findings = KerasAudit.findings(inTraining: try JSONParser.parse(text))
    #expect(findings.map(\.rule.name) == [rule], "\(findings)")
    #expect(findings.allSatisfy { $0.location.hasPrefix("training_config/") })
    let folder = try Folder()
    let path = try folder.file(Self.model(#"{"class_name": "ReLU", "config": {}}"#), training: text)
    #expect(try KerasModel.audit(path).findings.contains(findings[0]))
  }

  @Test("Files of honest versions have none")
  func honest() throws {
    let texts = [
      #"{"class_name": "Custom>Adam", "config": {"learning_rate": {"class_name": "ExponentialDecay"}}}"#,
      #"{"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "loss_weights": null}"#,
      #"{"module": "builtins", "class_name": "function", "config": "mse", "registered_name": "function"}"#,
    ]
    for text in texts {
      #expect(KerasAudit.findings(inTraining: try JSONParser.parse(text)) == [], "\(text)")
    }
    let layers = [
      #"{"class_name": "Dense", "module": "keras.layers", "registered_name": null, "config": {"name": "d", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "kernel_initializer": {"module": "keras.src.initializers.random_initializers", "class_name": "TruncatedNormal", "config": {}, "registered_name": "TruncatedNormal"}, "kernel_regularizer": {"class_name": "L1L2", "config": {"l2": 0.1}}, "activation": {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "relu"}}}"#,
      #"{"class_name": "Conv2D", "config": {"name": "c", "activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.1}}}}"#,
      #"{"class_name": "Add", "module": "keras.src.ops.numpy", "registered_name": "Add", "config": {"name": "add"}}"#,
    ]
    for layer in layers {
      let json = try JSONParser.parse(Self.model(layer))
      #expect(KerasAudit.findings(inModel: json) == [], "\(layer)")
    }
  }

  @Test("A key that is there twice, JSON that is none, weights that are missing, what is too much")
  func files() throws {
    let folder = try Folder()
    func rules(_ path: String) throws -> [String] {
      try KerasModel.audit(path).findings.map(\.rule.name)
    }
    let twice = #"{"class_name": "Sequential", "class_name": "Model"}"#
    #expect(try rules(folder.file(twice)) == ["keras-duplicate-key"])
    #expect(try rules(folder.file(#"{"class_name": "#)) == ["keras-config"])
    let dense = Self.model(#"{"class_name": "Dense", "config": {"name": "d", "units": 2}}"#)
    #expect(try rules(folder.file(dense)) == ["keras-config"])
    let up = Self.model(#"{"class_name": "ConvLSTM2D", "config": {"name": "u"}}"#)
    #expect(try rules(folder.file(up)) == ["keras-unsupported"])
    // Its weights could not be told from a stranger's.
    let lstm = Self.model(#"{"class_name": "LSTM", "config": {"name": "l", "units": 2}}"#)
    #expect(try rules(folder.file(lstm)) == ["keras-unsupported"])
    let fine = Self.model(#"{"class_name": "ReLU", "config": {"name": "r"}}"#)
    #expect(try rules(folder.file(fine)) == [])
    #expect(try rules(folder.file(fine, extra: "payload")) == ["keras-extra"])
    #expect(try rules(folder.file(fine, extra: "model_weights/payload")) == ["keras-extra"])
  }

  @Test("Numbers that fit into nothing are refused")
  func hugeNumbers() throws {
    let folder = try Folder()
    let numbers = [
      "-9223372036854775808", "-9007199254740993", "-1", "0", "65537", "4294967296",
      "9007199254740992", "4611686018427387904", "1e300", "0.5", "\"2\"",
    ]
    let layers = [
      #""UpSampling2D", "config": {"name": "x", "size": [NUMBER, 2]}"#,
      #""UpSampling2D", "config": {"name": "x", "size": NUMBER, "interpolation": "bilinear"}"#,
      #""Permute", "config": {"name": "x", "dims": [NUMBER, 2, 3]}"#,
      #""Cropping2D", "config": {"name": "x", "cropping": NUMBER}"#,
      #""Cropping2D", "config": {"name": "x", "cropping": [[NUMBER, 1], [NUMBER, NUMBER]]}"#,
      #""ZeroPadding2D", "config": {"name": "x", "padding": [[1, NUMBER], [NUMBER, 1]]}"#,
      #""Resizing", "config": {"name": "x", "height": NUMBER, "width": 2}"#,
      #""Resizing", "config": {"name": "x", "height": 2, "width": NUMBER, "interpolation": "nearest"}"#,
      #""GroupNormalization", "config": {"name": "x", "groups": NUMBER, "scale": false, "center": false}"#,
      #""LayerNormalization", "config": {"name": "x", "axis": NUMBER, "scale": false, "center": false}"#,
      #""ThresholdedReLU", "config": {"name": "x", "theta": NUMBER}"#,
    ]
    for layer in layers {
      for number in numbers {
        let text = layer.replacing("NUMBER", with: number)
        // Whether it is refused or read, the program goes on.
        let path = try folder.file(Self.model(#"{"class_name": \#(text)}"#))
        _ = try KerasModel.audit(path)
        _ = try? KerasModel.load(path)
      }
    }
  }

  @Test("Arithmetic that Keras itself keeps as functions is unsupported, and nobody's code")
  func arithmetic() throws {
    let folder = try Folder()
    let functions = [
      #""TFOpLambda", "config": {"name": "x", "function": "__operators__.add"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "math.multiply"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "nn.relu6"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "compat.v1.nn.relu6"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "reshape"}"#,
      #""SlicingOpLambda", "config": {"name": "x", "function": "__operators__.getitem"}"#,
      #""TensorFlowOpLayer", "config": {"name": "x", "node_def": {"op": "AddV2"}}"#,
      #""TensorFlowOpLayer", "config": {"name": "x", "node_def": "{\"op\": \"Mul\"}"}"#,
      #""Add", "module": "keras.src.ops.numpy", "config": {"name": "x"}"#,
      #""Softmax", "module": "keras.ops", "config": {"name": "x"}"#,
      #""GetItem", "module": "keras.src.ops.numpy", "config": {"name": "x"}"#,
    ]
    for function in functions {
      let path = try folder.file(Self.model(#"{"class_name": \#(function)}"#))
      let className = try #require(function.split(separator: "\"").first)
      let audit = try KerasModel.audit(path)
      #expect(
        audit.findings.map(\.message) == [
          "layer 'x' (\(className)): this class of layer is not supported"
        ])
      #expect(audit.findings.map(\.rule) == [.kerasUnsupported])
    }
    let others = [
      #""TFOpLambda", "config": {"name": "x", "function": "py_function"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "raw_ops.ReadFile"}"#,
      #""TFOpLambda", "config": {"name": "x", "function": "math.io.read_file"}"#,
      #""TFOpLambda", "config": {"name": "x"}"#,
      #""SlicingOpLambda", "config": {"name": "x", "function": "io.write_file"}"#,
      #""TensorFlowOpLayer", "config": {"name": "x", "node_def": {"op": "ReadFile"}}"#,
      #""TensorFlowOpLayer", "config": {"name": "x", "node_def": "AddV2"}"#,
    ]
    for function in others {
      let path = try folder.file(Self.model(#"{"class_name": \#(function)}"#))
      #expect(try rules(path).contains("keras-foreign-code"), "\(function)")
    }
    func rules(_ path: String) throws -> [String] {
      try KerasModel.audit(path).findings.map(\.rule.name)
    }
  }

  @Test("An architecture of its own is looked through as well, under its name")
  func architecture() throws {
    let folder = try Folder()
    let fine = try folder.file(Self.model(#"{"class_name": "ReLU", "config": {"name": "r"}}"#))
    let lambda = Self.model(#"{"class_name": "Lambda", "config": {"name": "x"}}"#)
    let other = try folder.file(lambda)
    let found = try KerasModel.audit(fine, architecture: other).findings
    #expect(found.map(\.rule.name) == ["keras-lambda"])
    #expect(found.first?.location == "2.h5: x")
    let error = #expect(throws: FileError.self) {
      try KerasModel.load(fine, architecture: other)
    }
    #expect(error?.path == other)
  }

  @Test("Layers that the output does not depend on, in nested models too")
  func unreachable() throws {
    func layer(_ name: String, _ reads: String, _ rest: String = "") -> String {
      #"{"class_name": "ReLU", "name": "\#(name)", "config": {"name": "\#(name)"}, "inbound_nodes": [[["\#(reads)", 0, 0, {}]]]}"#
    }
    func model(_ name: String, _ layers: String, output: String) -> String {
      """
      {"class_name": "Functional", "name": "\(name)", "config": {"name": "\(name)", "layers": [
        {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_input_shape": [null, 4]}, "inbound_nodes": []},
        \(layers)], "input_layers": [["i", 0, 0]], "output_layers": [["\(output)", \(name == "outer" ? 1 : 0), 0]]},
        "inbound_nodes": [[["used", 0, 0, {}]]]}
      """
    }
    let inner = model("inner", layer("a", "i") + "," + layer("b", "a"), output: "a")
    let text = model(
      "outer", [layer("used", "i"), layer("loose", "used"), inner].joined(separator: ","),
      output: "inner")
    let folder = try Folder()
    let audit = try KerasModel.audit(try folder.file(text))
    #expect(audit.findings.map(\.rule.name) == ["graph-unreachable", "graph-unreachable"])
    #expect(audit.findings.map(\.location) == ["loose", "inner/b"])
    #expect(audit.model?.graph.nodes.map(\.name) == ["i", "used", "a"])
  }

  @Test("What is said to be supported is what operations are made of")
  func supported() throws {
    let folder = try Folder()
    let path = try folder.file(Self.model(#"{"class_name": "ReLU", "config": {}}"#))
    let file = try HDF5File(path)
    let network = try KerasNetwork(
      JSONParser.parse(Self.model(#"{"class_name": "ReLU", "config": {"name": "r"}}"#)))
    let weights = try KerasWeights(file, for: network, isWhole: true, major: 3)
    for className in KerasClasses.layers.union(KerasClasses.operations) {
      if KerasNetwork.classNames.contains(className) || className == "InputLayer" { continue }
      let layer = KerasLayer(className: className, name: "x", config: [:])
      // These are several nodes, or depend on what they are called with.
      if KerasArithmetic(layer) != nil { continue }
      if KerasGraphBuilder.composedLayers.contains(className) { continue }
      let operation = KerasOperation(
        layer: layer, path: [], weights: weights, major: 3, inputs: [[4, 4, 2]])
      var isRefused = false
      do { _ = try operation.make() } catch let error as KerasError {
        isRefused = error.finding.rule == .kerasUnsupported
      }
      #expect(isRefused != layer.isSupported, "\(className)")
    }
  }

  @Test("Text that would not show is written as its code")
  func visible() {
    #expect("a\u{1B}[2Jb".visible == #"a\u{1b}[2Jb"#)
    #expect(
      "x\u{202E}y\u{2066}z\u{200B}\u{FEFF}".visible == #"x\u{202e}y\u{2066}z\u{200b}\u{feff}"#)
    #expect(
      "\u{85}\u{9B}\u{2028}\u{2029}\r\n\t\u{7F}".visible
        == #"\u{85}\u{9b}\u{2028}\u{2029}\u{d}\u{a}\u{9}\u{7f}"#)
    #expect("\u{E0041}\u{E000}".visible == #"\u{e0041}\u{e000}"#)
    #expect("Größe 手 🙂 e\u{301}".visible == "Größe 手 🙂 e\u{301}")
    #expect(FileError(.badData, path: "a\nb", "c\u{9B}").description == #"a\u{a}b: c\u{9b}"#)
  }

  @Test("All rules have names of their own")
  func names() {
    let rules = Finding.Rule.all
    #expect(Set(rules.map(\.name)).count == rules.count)
    #expect(rules.allSatisfy { $0.technique.wholeMatch(of: /AML\.T\d{4}(\.\d{3})?/) != nil })
    #expect(rules.allSatisfy { $0.summary.hasSuffix(".") })
  }
}

/// A folder for one test's files.
private final class Folder {
  private let url: URL
  private var count = 0

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "keras-rules-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Writes a model file with this configuration and no weights.
  func file(_ config: String, training: String? = nil, extra: String? = nil) throws -> String {
    count += 1
    let path = url.appending(path: "\(count).h5").path
    let file = try HDF5Writer(path: path)
    try file.write(config, attribute: "model_config")
    if let training { try file.write(training, attribute: "training_config") }
    try file.makeGroup("model_weights/f")
    try file.write(["f"], attribute: "layer_names", in: "/model_weights")
    if let extra { try file.write(Tensor(shape: [1], values: [1]), to: extra) }
    try AtomicFile.write(try file.image(), to: path)
    return path
  }
}
