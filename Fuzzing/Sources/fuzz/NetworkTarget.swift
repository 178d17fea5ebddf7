import Foundation
import InferenceGraph

@testable import ModelIO

/// A Keras configuration up to the graph, with weights for a convolution and a dense layer.
enum NetworkTarget: FuzzTarget {
  private static let input =
    #"{"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 6, 6, 1]}}"#
  private static let convolution =
    #""class_name": "Conv2D", "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3], "#
    + #""strides": 1, "padding": "valid", "activation": "relu", "groups": 1, "dilation_rate": [1, 1]}"#
  private static let dense =
    #""class_name": "Dense", "config": {"name": "last", "units": 3, "activation": "softmax", "use_bias": false}"#

  /// The layers that take no weights, each with its settings.
  private static let others = [
    #""MaxPooling2D", "config": {"name": "x", "pool_size": [2, 2], "strides": null, "padding": "same"}"#,
    #""GlobalAveragePooling2D", "config": {"name": "x", "keepdims": true}"#,
    #""Reshape", "config": {"name": "x", "target_shape": [-1, 2]}"#,
    #""ZeroPadding2D", "config": {"name": "x", "padding": [[1, 0], [0, 1]]}"#,
    #""Rescaling", "config": {"name": "x", "scale": [0.5, 2], "offset": -1}"#,
    #""Normalization", "config": {"name": "x", "axis": [-1], "mean": [[0.1, 2]], "variance": [1, 0]}"#,
    #""Activation", "config": {"name": "x", "activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.1}}}"#,
    #""Softmax", "config": {"name": "x", "axis": [-1]}"#,
    #""Dropout", "config": {"name": "x", "rate": 0.5}"#,
    #""Lambda", "config": {"name": "x", "function": ["4wEA", null, null]}"#,
    #""TimeDistributed", "module": "keras.layers", "registered_name": "a>b", "config": {"name": "x", "layer": {}}"#,
  ]

  private static func sequential(_ middle: String) -> String {
    #"{"class_name": "Sequential", "config": {"name": "s", "layers": ["#
      + "\(input), {\(convolution)}, "
      + #"\#(middle){"class_name": "Flatten", "config": {"name": "flat"}}, {\#(dense)}]}}"#
  }

  static var seeds: [[UInt8]] {
    let node = #""inbound_nodes": [[["in", 0, 0, {}]]]"#
    let inner =
      #"{"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": ["#
      + input
      + #"], "input_layers": [["in", 0, 0]], "output_layers": [["in", 0, 0]]}, "# + node + "}"
    let tensor =
      #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 6, 6, 1], "keras_history": ["in", 0, 0]}}"#
    let functional =
      #"{"class_name": "Functional", "config": {"name": "f", "layers": ["# + "\(input), \(inner), "
      + #"{\#(convolution), "name": "conv", "inbound_nodes": [[["inner", 1, 0, {"training": false}]]]}, "#
      + #"{"class_name": "Add", "config": {"name": "sum"}, "inbound_nodes": [{"args": [[\#(tensor), \#(tensor)]], "kwargs": {"mask": null}}]}, "#
      + #"{"class_name": "Flatten", "config": {"name": "flat"}, "inbound_nodes": [[["conv", 0, 0, {}]]]}, "#
      + #"{\#(dense), "name": "last", "inbound_nodes": [[["flat", 0, 0, {}]]]}], "#
      + #""input_layers": ["in", 0, 0], "output_layers": [["last", 0, 0]]}}"#
    let texts =
      [sequential(""), functional] + others.map { sequential(#"{"class_name": \#($0)}, "#) }
    return texts.map { Array($0.utf8) }
  }

  static var words: [String] {
    [
      #""class_name""#, #""config""#, #""name""#, #""inbound_nodes""#, #""layers""#, #""in""#,
      #""conv""#, #""last""#,
      #""Sequential""#, #""Functional""#, #""Model""#, #""Add""#, #""Multiply""#, #""Concatenate""#,
      #""Flatten""#,
      #""BatchNormalization""#, #""DepthwiseConv2D""#, #""SeparableConv2D""#,
      #""AveragePooling2D""#, "-1", "null",
      "9223372036854775807", "-9223372036854775808", "1e300", "NaN", "65536", "16777216", "0",
      #""kwargs""#, #""args""#,
      #""training""#, #""depth_multiplier""#, #""same""#, #""batch_input_shape""#,
      #""data_format""#,
    ]
  }

  /// A file with the weights, written once.
  private static let weights: HDF5File = {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "fuzz-\(ProcessInfo.processInfo.processIdentifier).h5").path
    do {
      let file = try HDF5Writer(path: path)
      try file.makeGroup("conv/conv")
      try file.makeGroup("last/last")
      try file.write(["conv", "last"], attribute: "layer_names", in: "/")
      try file.write(["conv/kernel:0", "conv/bias:0"], attribute: "weight_names", in: "/conv")
      try file.write(["last/kernel:0"], attribute: "weight_names", in: "/last")
      try file.write(Tensor(shape: [3, 3, 1, 2], repeating: 0.5), to: "conv/conv/kernel:0")
      try file.write(Tensor(shape: [2], repeating: 0.5), to: "conv/conv/bias:0")
      try file.write(Tensor(shape: [32, 3], repeating: 0.5), to: "last/last/kernel:0")
      try Data(file.image()).write(to: URL(filePath: path))
      // Open files stay readable without a name.
      defer { try? FileManager.default.removeItem(atPath: path) }
      // The file is our own, and the sanitizer's runtime could not live in a sealed process.
      return try HDF5File(path, sandbox: .off)
    } catch {
      fatalError("the weights cannot be written: \(error)")
    }
  }()

  static func parse(_ bytes: [UInt8]) {
    guard let json = try? JSONParser.parse(String(decoding: bytes, as: UTF8.self)) else { return }
    for major in [2, 3] {
      guard let network = try? KerasNetwork(json) else { return }
      do {
        let found = try KerasWeights(weights, for: network, isWhole: true, major: major)
        let graph = try KerasGraphBuilder.build(network, weights: found, major: major)
        precondition(graph.outputShape.count == 1)
      } catch {
        // The sentence is for people; making it must not fail either.
        precondition(!"\(error)".isEmpty)
      }
    }
  }
}
