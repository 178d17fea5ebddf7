internal import CKernels
internal import Synchronization

/// Runs one or more models over the same images in one pass; equal layers run only once.
///
/// Images run in blocks of 16, one in each lane of a vector, and blocks run in groups. The bits of
/// an image's results do not depend on its position in the data, on the number of threads, or on
/// the other models.
public struct Executor: Sendable {
  /// The models, in the order of the results.
  public let models: [Model]
  /// Threads, sharing and cancellation.
  public let options: ExecutionOptions

  let prepared: any PreparedGraph
  private let inputs: [(node: Int, scale: Float)]
  let outputs: [Output]
  /// The node of the prepared graph for each observed node.
  let observed: [Int]
  private let costs: (together: Int, separate: Int)

  /// A model's output in the prepared graph.
  struct Output: Sendable {
    /// The node of the scores: the output, or the input of a final softmax.
    let scores: Int
    /// Whether the model ends in a softmax of the scores.
    let isSoftmax: Bool
    /// The checks that decide whether an image is undefined.
    let checks: [Int]
  }

  /// Prepares models to run together.
  ///
  /// - Parameters:
  ///   - models: Models for images of the same shape; at least one.
  ///   - observing: Nodes whose values to keep for ``Executor/Batch/values(ofObservation:)``, by model and
  ///     name.
  ///   - options: Threads, sharing and cancellation.
  /// - Throws: ``GraphError`` if the models' input shapes differ, an observed node does not exist,
  ///   or running a group of images takes more than 3 GiB of memory.
  public init(
    _ models: [Model], observing: [(model: Int, node: String)] = [],
    options: ExecutionOptions = ExecutionOptions()
  ) throws(GraphError) {
    try self.init(models, observing: observing, options: options, on: CPU())
  }

  init(
    _ models: [Model], observing: [(model: Int, node: String)] = [], options: ExecutionOptions,
    on backend: any Backend
  ) throws(GraphError) {
    precondition(!models.isEmpty, "no model to run")
    let shape = models[0].graph.inputShape
    for model in models where model.graph.inputShape != shape {
      throw GraphError(
        node: model.graph.nodes[0].name,
        "it takes images of shape \(model.graph.inputShape), but another model takes \(shape)")
    }
    for model in models { try model.checkPreprocessing() }
    self.models = models
    self.options = options
    let merged = Merged(
      models.map { Normalized($0.graph, preprocessing: $0.preprocessing) }, sharing: options.sharing
    )
    var observed: [Int] = []
    for (model, name) in observing {
      guard let node = models[model].graph.index(of: name) else {
        throw GraphError(node: name, "the model has no layer of this name")
      }
      observed.append(merged.index[model][node])
    }
    let images = merged.nodes.indices.filter { merged.nodes[$0].operation == .input }
    let results = Set(merged.scores + observed)
    let fused = Fused(merged.nodes, inputs: Set(images), outputs: results)
    let prepared = backend.prepare(fused, blocks: options.blocks(imageShape: shape))
    try prepared.checkSize(of: models[0].graph)
    self.prepared = prepared
    inputs = images.compactMap { image in
      fused.index[image].map { ($0, merged.nodes[image].inputScale) }
    }
    outputs = models.indices.map { model in
      let scores = fused.index[merged.scores[model]]!
      let output = merged.index[model][models[model].graph.output]
      return Output(
        scores: scores, isSoftmax: output != merged.scores[model],
        checks: fused.checks(behind: scores))
    }
    self.observed = observed.map { fused.index[$0]! }
    let isNeeded = merged.nodes.isNeeded(for: results)
    costs = (
      merged.nodes.indices.reduce(0) { isNeeded[$1] ? $0 + merged.nodes.multiplyAdds(of: $1) : $0 },
      models.reduce(0) { $0 + $1.graph.multiplyAdds }
    )
  }

  /// The instruction set that the kernels use on this machine: `avx512`, `avx2` or `baseline`.
  ///
  /// Results differ between them in the last bits.
  public static var instructionSet: String { unsafe String(cString: kernels.name) }

  /// The number of images that one thread runs together.
  public var groupSize: Int { prepared.blocks * laneCount }

  /// The number of multiply-adds for an image when the models run together.
  public var costPerImage: Int { costs.together }

  /// The number of multiply-adds for an image when every model runs separately.
  public var separateCostPerImage: Int { costs.separate }

  /// Runs all images, group by group.
  ///
  /// - Parameters:
  ///   - source: Images of the models' input shape.
  ///   - progress: Receives the number of images done.
  ///   - body: Receives each group of images; runs on several threads at once, in no fixed order.
  /// - Throws: ``SampleError`` for an image with NaN or infinite values; the errors of `source` and
  ///   `body`.
  public func run(
    _ source: any SampleSource, progress: ProgressHandler? = nil,
    body: @Sendable (Batch) throws -> Void
  ) throws {
    precondition(
      source.imageShape == models[0].graph.inputShape,
      "images of \(source.imageShape) for models of \(models[0].graph.inputShape)")
    let size = groupSize
    let loader = Loader(source)
    let counter = ProgressCounter(progress)
    try runInParallel(
      pieces: (source.count + size - 1) / size, options: options,
      memory: prepared.bytes,
      prepare: { (prepared.makeMemory(), loader.makeBuffer(images: size)) }
    ) { state, piece in
      let range = piece * size..<min(source.count, (piece + 1) * size)
      let (memory, buffer) = state
      try loader.withImages(range, buffer) { images in
        try memory.run(blocks: blockCount(range.count)) { block in
          for input in inputs {
            let value = memory.value(of: input.node, block: block)
            unsafe try images.pack(
              block: block, scale: input.scale, into: value.pointer, value.image)
          }
        }
        try body(Batch(indices: range, executor: self, memory: memory, loaded: images))
      }
      counter.add(range.count)
    }
  }

  /// Returns each model's prediction for each image: `result[model][image]`.
  ///
  /// - Throws: The errors of ``run(_:progress:body:)``.
  public func predictions(
    for source: any SampleSource, progress: ProgressHandler? = nil
  ) throws -> [[Prediction]] {
    try labels(for: source, progress: progress).map { $0.map { Prediction(label: $0) } }
  }

  /// Returns each model's predictions as labels: classes, or ``noClass``.
  package func labels(
    for source: any SampleSource, progress: ProgressHandler? = nil
  ) throws -> [[Int32]] {
    let result = Mutex(
      Array(repeating: Array(repeating: Int32(0), count: source.count), count: models.count))
    try run(source, progress: progress) { batch in
      let labels = models.indices.map { batch.labels(of: $0) }
      result.withLock {
        for model in labels.indices {
          $0[model].replaceSubrange(batch.indices, with: labels[model])
        }
      }
    }
    return result.withLock { $0 }
  }
}

extension ExecutionOptions {
  /// Returns the number of blocks in a group: 4 keep matrix products wide; fewer do for large
  /// images, whose layers are large enough.
  func blocks(imageShape: [Int]) -> Int {
    groupBlocks ?? max(1, min(4, (1 << 15) / imageShape.reduce(1, *)))
  }
}

extension Graph {
  /// The number of multiply-adds for one image.
  public var multiplyAdds: Int {
    nodes.reduce(0) { sum, node in
      guard let first = node.inputs.first else { return sum }
      return sum + node.operation.multiplyAdds(input: nodes[first].shape, output: node.shape)
    }
  }
}
