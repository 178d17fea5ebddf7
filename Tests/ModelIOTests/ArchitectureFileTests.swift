import Foundation
import InferenceGraph
import NetworkTraining
import LabFiles
import Testing

@testable import ModelIO

/// Networks read from configurations alone.
@Suite("Architectures from files")
struct ArchitectureFileTests {
  /// Writes a Sequential network of the layers given, as `model.to_json()` does, and reads it.
  private func read(_ layers: [JSON], input: [Int] = [8, 8, 3]) throws -> Model {
    let first: JSON = [
      "class_name": "InputLayer",
      "config": [
        "name": "input", "batch_input_shape": .array([.null] + input.map { JSON($0) }),
      ],
    ]
    return try read([
      "class_name": "Sequential",
      "config": ["name": "net", "layers": .array([first] + layers)],
      "keras_version": "2.15.0", "backend": "tensorflow",
    ])
  }

  private func read(_ json: JSON) throws -> Model {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "architecture-\(UUID().uuidString).json").path
    try json.pythonText.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try KerasModel.architecture(path)
  }

  private func layer(_ className: String, _ name: String, _ config: [String: JSON])
    -> JSON
  {
    var config = config
    config["name"] = .string(name)
    return ["class_name": .string(className), "config": JSON(config)]
  }

  private var dense: JSON { layer("Dense", "output", ["units": 4, "activation": "softmax"]) }

  @Test("Shapes follow from the configuration and the layers before")
  func shapes() throws {
    let model = try read([
      layer(
        "Conv2D", "conv",
        [
          "filters": 6, "kernel_size": [3, 2], "groups": 3, "padding": "same", "activation": "relu",
        ]),
      layer("BatchNormalization", "norm", ["scale": false, "epsilon": JSON(Float(0.5))]),
      layer("DepthwiseConv2D", "depthwise", ["kernel_size": [3, 3], "depth_multiplier": 2]),
      layer("SeparableConv2D", "separable", ["filters": 5, "kernel_size": 3, "use_bias": false]),
      layer("Flatten", "flatten", [:]),
      layer("Dropout", "dropout", ["rate": JSON(Float(0.25))]), dense,
    ])
    let graph = model.graph
    #expect(model.name == "net" && model.source == nil)
    #expect(
      graph.nodes.map { $0.operation.shapes } == [
        [], [[3, 2, 1, 6], [6]], [[6], [6], [6]], [[3, 3, 6, 2], [12]],
        [[3, 3, 12, 1], [1, 1, 12, 5]], [], [], [[80, 4], [4]],
      ])
    guard case .batchNormalization(let norm) = graph.nodes[2].operation else {
      Issue.record("no normalization")
      return
    }
    #expect(norm.gamma == nil && norm.epsilon == 0.5)
    #expect(norm.variance.values == [1, 1, 1, 1, 1, 1] && norm.beta?.values == [0, 0, 0, 0, 0, 0])
    #expect(graph.nodes[6].operation == .trainingOnly(.dropout(rate: 0.25)))
    #expect(graph.outputShape == [4])
  }

  @Test("What is not supported of composed layers is refused in a line with what to do")
  func refusedSettings() throws {
    func refusal(_ layers: [JSON], _ input: [Int] = [8, 8, 3]) throws -> String {
      let error = #expect(throws: FileError.self) {
        try read(layers + [layer("Flatten", "flatten", [:]), dense], input: input)
      }
      return error?.problem ?? ""
    }
    func timed(_ inner: JSON) -> JSON { layer("TimeDistributed", "t", ["layer": inner]) }
    let images = [2, 8, 8, 3]
    var up: [String: JSON] = ["filters": 2, "kernel_size": 3, "strides": 2]
    up["dilation_rate"] = 2
    #expect(
      try refusal([layer("Conv2DTranspose", "up", up)])
        == "layer 'up' (Conv2DTranspose): it supports no dilation and no groups; append a Conv2D "
        + "with them instead (keras-unsupported)")
    up["dilation_rate"] = 1
    up["output_padding"] = 2
    #expect(
      try refusal([layer("Conv2DTranspose", "up", up)])
        == "layer 'up' (Conv2DTranspose): its output padding is not less than its strides"
        + " (keras-config)")
    up["strides"] = JSON([1 << 40, 1])
    #expect(try refusal([layer("Conv2DTranspose", "up", up)]).contains("are out of range"))
    let pool = layer(
      "MaxPooling2D", "pool", ["pool_size": 3, "strides": 1, "padding": "same"])
    #expect(
      try refusal([timed(pool)], images)
        == "layer 't' (MaxPooling2D): pooling with padding above or below is not supported within"
        + " TimeDistributed; use padding='valid' (keras-unsupported)")
    let first: [String: JSON] = [
      "filters": 2, "kernel_size": 1, "data_format": "channels_first",
    ]
    #expect(
      try refusal([timed(layer("Conv2D", "c", first))], images)
        == "layer 't' (Conv2D): channels_first is not supported within TimeDistributed; save the"
        + " model with channels_last layers (keras-unsupported)")
    #expect(
      try refusal([timed(layer("UpSampling2D", "u", [:]))], images)
        == "layer 't' (UpSampling2D): a layer of this class is not supported within TimeDistributed"
        + " (keras-unsupported)")
    #expect(
      try refusal([timed(timed(dense))], images)
        == "layer 't' (TimeDistributed): this class of layer is not supported (keras-unsupported)")
    #expect(
      try refusal([layer("Conv2D", "c", first.merging(["activation": "softmax"]) { $1 })])
        == "layer 'c' (Conv2D): softmax along the width of a channels_first image is not "
        + "supported; if you mean the channels, append Softmax(axis=1) (keras-unsupported)")
    #expect(
      try refusal([layer("Flatten", "f", ["data_format": "channels_first"])], [8, 3])
        == "layer 'f' (Flatten): channels_first is supported only for images, not for an input of "
        + "shape [8, 3]; save the model with channels_last layers (keras-unsupported)")
    #expect(
      try refusal([layer("BatchNormalization", "n", ["axis": [1, 3]])]).contains(
        "not a single number"))
  }

  @Test("A network in channels_first takes images whose channels are last")
  func channelsFirst() throws {
    let first: JSON = "channels_first"
    let graph = try read(
      [
        layer("Dropout", "dropout", ["rate": JSON(Float(0.25))]),
        layer("Conv2D", "conv", ["filters": 6, "kernel_size": 3, "data_format": first]),
        layer("BatchNormalization", "norm", ["axis": 1]),
        layer("Flatten", "flatten", ["data_format": "channels_last"]), dense,
      ], input: [3, 8, 10]
    ).graph
    // Without a permutation: the dense layer's rows are brought into our order.
    #expect(
      graph.nodes.map(\.shape) == [[8, 10, 3], [8, 10, 3], [6, 8, 6], [6, 8, 6], [288], [4]])
    // Nothing says that these are channels first.
    #expect(
      try read([layer("Flatten", "flatten", [:]), dense], input: [3, 8, 10]).graph.inputShape
        == [3, 8, 10])
  }

  @Test("The lab's file, weights aside", .enabled(if: Lab.runsLab))
  func lab() throws {
    let path = try #require(Lab.folder).appending(path: "bd_net.h5").path
    let (whole, blank) = (try KerasModel.load(path), try KerasModel.architecture(path))
    #expect(blank.graph != whole.graph)
    #expect(blank.graph.nodes.map(\.shape) == whole.graph.nodes.map(\.shape))
    #expect(blank.graph.initialized(seed: 4) == whole.graph.initialized(seed: 4))
    let weights = try #require(Lab.folder).appending(path: "bd_weights.h5").path
    let error = #expect(throws: FileError.self) { try KerasModel.architecture(weights) }
    #expect(error?.description.contains("holds no architecture") == true)
  }

  @Test("Sizes that nobody can mean are refused before memory is taken")
  func sizes() throws {
    let cases: [([JSON], String)] = [
      (
        [layer("Flatten", "flatten", [:]), layer("Dense", "huge", ["units": 4_000_000_000_000])],
        "its weight 'kernel' of shape [192, 4000000000000] is too large (graph-size)"
      ),
      (
        [
          layer("Flatten", "flatten", [:]),
          layer("Dense", "huge", ["units": 9_007_199_254_740_991]),
        ],
        "is too large (graph-size)"
      ),
      (
        [layer("Flatten", "flatten", [:]), layer("Dense", "none", ["units": -3])],
        "its weight 'kernel' would have the shape [192, -3] (keras-config)"
      ),
      (
        [layer("Conv2D", "conv", ["filters": 0, "kernel_size": [3, 3]])],
        "its weight 'kernel' would have the shape [3, 3, 3, 0] (keras-config)"
      ),
      (
        [layer("Flatten", "flatten", [:])]
          + (1...40).map { layer("Dense", "dense_\($0)", ["units": 3000]) },
        "the layers up to it have more than 268435456 weights, too many (graph-size)"
      ),
    ]
    for (layers, message) in cases {
      let error = #expect(throws: FileError.self) { try read(layers + [dense]) }
      #expect(error?.kind == .badData)
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }

  @Test("What a model file is refused for, an architecture is refused for")
  func refusals() throws {
    let cases: [([JSON], String)] = [
      ([layer("Lambda", "f", ["function": "eval"]), layer("Flatten", "flatten", [:])], "Lambda"),
      ([layer("LSTM", "lstm", ["units": 3])], "LSTM"),
      ([layer("Normalization", "norm", [:]), layer("Flatten", "flatten", [:])], "adapt it before"),
    ]
    for (layers, message) in cases {
      let error = #expect(throws: FileError.self) { try read(layers + [dense]) }
      #expect(error?.kind == .badData)
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
    // The classifier has to end in a vector.
    #expect(throws: FileError.self) { try read([dense]) }
  }

  @Test("A layer used twice has one weight")
  func shared() throws {
    func node(_ name: String, _ call: Int = 0) -> JSON {
      [.array([.string(name), JSON(call), 0, [:]])]
    }
    func functional(_ layer: JSON, _ calls: [JSON]) -> JSON {
      var object = layer.object ?? [:]
      object["name"] = layer["config"]?["name"]
      object["inbound_nodes"] = .array(calls)
      return JSON(object)
    }
    let model = try read([
      "class_name": "Functional",
      "config": [
        "name": "net",
        "layers": [
          functional(layer("InputLayer", "in", ["batch_input_shape": [.null, 4]]), []),
          functional(layer("Dense", "twice", ["units": 4]), [node("in"), node("twice")]),
          functional(layer("Dense", "output", ["units": 2]), [node("twice", 1)]),
        ],
        "input_layers": [["in", 0, 0]], "output_layers": [["output", 0, 0]],
      ],
    ])
    #expect(model.graph.nodes.map(\.name) == ["in", "twice", "twice_1", "output"])
  }
}

extension Graph.Operation {
  /// The shapes of its weights, in Keras's order.
  fileprivate var shapes: [[Int]] {
    let tensors: [Tensor?] =
      switch self {
      case .convolution(let c): [c.kernel, c.bias]
      case .depthwiseConvolution(let c): [c.kernel, c.bias]
      case .separableConvolution(let c): [c.depthwise.kernel, c.pointwise, c.bias]
      case .dense(let d): [d.kernel, d.bias]
      case .batchNormalization(let b): [b.gamma, b.beta, b.mean, b.variance]
      default: []
      }
    return tensors.compactMap { $0?.shape }
  }
}
