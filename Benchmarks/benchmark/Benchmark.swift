import DefenseKit
import Foundation
import InferenceGraph
import ModelIO
import Synchronization

/// Our side of `Benchmarks/run`: a process that prints `ready`, then answers lines.
///
///     benchmark forward MODEL.h5 [DATA.h5 ...]   run N: N random images; run all: those of the files
///     benchmark layer CHANNELS EDGE              run N: a 3x3 convolution with ReLU on N images
///     benchmark sweep MODEL.h5 DATA.h5           run K: the sweep with K channels, prefix included
///     benchmark train ARCHITECTURE               run N: N steps of training on batches of 128
///     benchmark activations ROUNDS               prints VGG-11's cost by activation, ReLU = 1
///     benchmark gradient MODEL.h5                prints the cost of an input gradient, forward = 1
///     benchmark open MODEL.h5                    run SANDBOX: reads the model
///     benchmark read MODEL.h5 DATA.h5            run SANDBOX: opens and reads a data set for the model
///     benchmark scores MODEL DATA.h5             prints every image's scores on a line
///     benchmark write MODEL COPY FORMAT [SEED]   writes the model; with a seed, other weights.
///                                                FORMAT: keras, onnx, or new, ONNX written anew
@main struct Benchmark {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    var threads = 2
    if let flag = arguments.firstIndex(of: "--threads"), flag + 1 < arguments.count {
      threads = Int(arguments[flag + 1]) ?? threads
      arguments.removeSubrange(flag...flag + 1)
    }
    let options = ExecutionOptions(threads: threads)
    guard arguments.count >= 2 else {
      print(
        "usage: benchmark forward MODEL [DATA ...] | layer CHANNELS EDGE | sweep MODEL DATA"
          + " | train ARCHITECTURE | activations ROUNDS | gradient MODEL | open MODEL"
          + " | read MODEL DATA | scores MODEL DATA | write MODEL COPY FORMAT [SEED]"
      )
      exit(64)
    }
    switch arguments[0] {
    case "layer":
      try forward(
        layer(channels: Int(arguments[1]) ?? 64, edge: Int(arguments[2]) ?? 32), [], options)
    case "sweep":
      try sweep(try KerasModel.load(arguments[1]), arguments[2], options)
    case "train":
      try train(arguments[1], options)
    case "activations":
      try activations(Int(arguments[1]) ?? 7, options)
    case "gradient":
      try inputGradients(try KerasModel.load(arguments[1]), options)
    case "open":
      Sandbox.prepare()
      try answer { sandbox in
        try ContinuousClock().measure {
          _ = try KerasModel.load(
            arguments[1], sandbox: Sandbox(rawValue: String(sandbox)) ?? .auto)
        }
      }
    case "read":
      Sandbox.prepare()
      try read(arguments[2], for: try KerasModel.load(arguments[1]))
    case "scores":
      try printScores(of: try ModelFile.load(arguments[1]), arguments[2], options)
    case "write":
      guard arguments.count >= 4 else { exit(64) }
      var model = try ModelFile.load(arguments[1])
      if arguments.count > 4 {
        model.graph = try changed(model.graph, seed: UInt64(arguments[4]) ?? 0)
      }
      if arguments[3] == "new" { model.origin = nil }
      try ModelFile.save(
        model, as: ModelFormat(rawValue: arguments[3]) ?? .onnx, to: arguments[2])
    default:
      try forward(try KerasModel.load(arguments[1]), Array(arguments[2...]), options)
    }
  }

  /// Answers every line with the seconds that `body` takes, preparation not counted.
  static func answer(_ body: (Substring) throws -> Duration) throws {
    print("ready")
    fflush(nil)
    while let line = readLine() {
      let time = try body(line.split(separator: " ").last ?? "")
      print("seconds \(time / .seconds(1))")
      fflush(nil)
    }
  }

  /// Opens a data set and reads it group by group, as an executor does.
  static func read(_ path: String, for model: Model) throws {
    try answer { sandbox in
      try ContinuousClock().measure {
        let set = try DataSet.load(
          path, for: model.graph.inputShape, classCount: model.classCount,
          sandbox: Sandbox(rawValue: String(sandbox)) ?? .auto)
        let size = set.imageShape.reduce(set.elementType.size, *)
        var buffer = [UInt8](repeating: 0, count: 64 * size)
        for start in stride(from: 0, to: set.count, by: 64) {
          // The array holds 64 images.
          try unsafe buffer.withUnsafeMutableBytes {
            unsafe try set.read(start..<min(start + 64, set.count), into: $0)
          }
        }
      }
    }
  }

  /// Returns the graph with a third of its channels masked, and all other weights up to a tenth
  /// larger.
  static func changed(_ graph: Graph, seed: UInt64) throws -> Graph {
    var random = SeededGenerator(seed: seed)
    var result = graph
    for node in graph.nodes.dropFirst() {
      var operation = node.operation
      operation.updateWeights { _, tensor in
        tensor = Tensor(
          shape: tensor.shape,
          values: tensor.values.map { $0 * (1 + 0.1 * Float.random(in: 0...1, using: &random)) })
      }
      result = try result.replacing(node.name, with: operation)
    }
    for layer in graph.prunableLayers {
      guard let index = graph.index(of: layer) else { continue }
      let channels = (0..<graph.nodes[index].channels).filter { _ in
        Int.random(in: 0..<3, using: &random) == 0
      }
      result = try result.masking(channels, of: layer)
    }
    return result
  }

  static func printScores(
    of model: Model, _ file: String, _ options: ExecutionOptions
  ) throws {
    let set = try DataSet.load(
      file, for: model.graph.inputShape, classCount: model.classCount)
    let lines = Mutex<[Int: String]>([:])
    try Executor([model], options: options).run(set) { batch in
      let scores = batch.outputs(of: 0)
      for (row, image) in batch.indices.enumerated() {
        let part = scores[row * model.classCount..<(row + 1) * model.classCount]
        lines.withLock { $0[image] = part.map { "\($0)" }.joined(separator: " ") }
      }
    }
    for (_, line) in lines.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { print(line) }
  }

  static func forward(_ model: Model, _ files: [String], _ options: ExecutionOptions) throws {
    let executor = try Executor([model], options: options)
    let sets = try files.map {
      try DataSet.load($0, for: model.graph.inputShape, classCount: model.classCount)
    }
    var images: ArraySource?
    try answer { count in
      if count == "all" {
        return try ContinuousClock().measure {
          for set in sets { _ = try executor.labels(for: set) }
        }
      }
      let count = Int(count) ?? 128
      if images?.count != count {
        images = ArraySource(
          noise(count * model.graph.inputShape.reduce(1, *)), imageShape: model.graph.inputShape)
      }
      guard let source = images else { return .zero }
      return try ContinuousClock().measure { try executor.run(source) { _ in } }
    }
  }

  static func sweep(_ model: Model, _ file: String, _ options: ExecutionOptions) throws {
    let set = try DataSet.load(
      file, for: model.graph.inputShape, classCount: model.classCount)
    guard let layer = model.graph.lastConvolution else { return }
    let sweep = try ChannelSweep(model: model, layer: layer, options: options)
    try answer { count in
      try ContinuousClock().measure {
        let recording = try sweep.record(set)
        let order = recording.frontierMeans.indices.sorted {
          (recording.frontierMeans[$0], $0) < (recording.frontierMeans[$1], $1)
        }
        _ = try recording.labels(masking: Array(order.prefix(Int(count) ?? order.count)))
      }
    }
  }

  /// A single convolution: 3x3, 'same', as many channels out as in.
  static func layer(channels: Int, edge: Int) throws -> Model {
    var graph = try Graph(inputShape: [edge, edge, channels])
    let kernel = Tensor(shape: [3, 3, channels, channels], values: noise(9 * channels * channels))
    try graph.append(
      "convolution",
      .convolution(
        Convolution(kernel: kernel, bias: Tensor(shape: [channels], repeating: 0), padding: .same)),
      inputs: [0], activation: .relu)
    return Model(graph: graph)
  }

  /// Numbers in 0..<1 that look random, always the same.
  static func noise(_ count: Int) -> [Float] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
  }
}
