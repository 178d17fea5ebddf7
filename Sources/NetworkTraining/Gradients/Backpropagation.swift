public import InferenceGraph
internal import CKernels
internal import COpenBLAS
internal import Synchronization

/// Computes losses of a model on batches of images, and their gradients by reverse-mode
/// differentiation: with respect to weights, factors on channels, and the images.
///
/// A ``Loss`` is a cross-entropy, or any function of the outputs or of the values of nodes. The
/// initializer selects what to differentiate; every batch reuses the memory:
///
/// ```swift
/// let backpropagation = try Backpropagation(model, batchSize: 128, layers: ["conv_1"])
/// try backpropagation.differentiate(.crossEntropy(labels), at: images)
/// let gradient = backpropagation.gradient(.kernel, of: "conv_1")
/// ```
///
/// A batch runs forward and backward in blocks of 16 images, one in each lane of a vector. Threads
/// wait for each other only where images interact: in the matrix products of dense layers, in the
/// statistics of batch normalization, and in the sum over the batch. The bits of the results do not
/// depend on the number of threads.
///
/// A channel whose kernel is all zero is masked: its kernel and bias get no gradient.
public final class Backpropagation {
  /// The model at creation; its weights are the initial ones.
  public let model: Model
  /// The most images in a batch.
  public let batchSize: Int
  /// The names of the inner nodes whose values a loss may depend on.
  public let lossNodes: [String]
  /// The weights and their gradient as flat arrays.
  let parameters: Parameters
  /// The bytes of values, gradients and scratch memory for a batch.
  let batchBytes: Int

  let isTraining: Bool
  let differentiatesWeights: Bool
  let usesOpenBLAS: Bool
  private let masked: [MaskedChannels]
  let options: ExecutionOptions
  let state = BatchState()
  private let packing: [@Sendable () -> Void]
  /// Whether the packed weights are the current ones.
  var isPacked = false
  private let forward: [TrainingPhase]
  private let backward: [TrainingPhase]
  private let input: BatchValue
  /// By name: the values of the nodes that the output depends on.
  let values: [String: BatchValue]
  let inputValueGradient: BatchValue?
  let logits: BatchValue
  let logitGradient: BatchValue
  /// By node name: the gradients that a loss adds; and those for the outputs.
  let nodeGradients: [String: NodeGradients]
  let outputGradients: NodeGradients
  private let blocksPerSlot: Int
  let labels: Storage<Int32>
  /// `[blocks][classes][16]`; nil until a batch has target distributions.
  var targets: Storage<Float>?
  let losses: Storage<Float>
  let correct: Storage<Int32>

  /// Prepares everything that does not depend on the images.
  ///
  /// - Parameters:
  ///   - model: The network.
  ///   - batchSize: The most images in a batch.
  ///   - isTraining: Whether dropout is active and batch normalization uses the batch's statistics,
  ///     as in training. Otherwise the model runs as at inference, and images do not affect each
  ///     other.
  ///   - freezesNormalization: Whether batch normalization uses the moving statistics even in
  ///     training.
  ///   - differentiatesWeights: Whether to compute the gradient of the weights.
  ///   - layers: The names of the layers whose weights to differentiate; nil: all.
  ///   - differentiatesInput: Whether to compute the gradient of the images.
  ///   - lossNodes: The names of inner nodes whose values a loss may depend on.
  ///   - options: The number of threads.
  /// - Throws: `GraphError` for a graph that cannot be trained, or for an unknown layer or node;
  ///   `MemoryError` if it takes too much memory.
  public init(
    _ model: Model, batchSize: Int, isTraining: Bool = true, freezesNormalization: Bool = false,
    differentiatesWeights: Bool = true, layers: [String]? = nil,
    differentiatesInput: Bool = false, lossNodes: [String] = [],
    options: ExecutionOptions = ExecutionOptions()
  ) throws {
    precondition(batchSize > 0, "a batch of \(batchSize) images")
    self.model = model
    self.batchSize = batchSize
    self.lossNodes = lossNodes
    self.options = options
    self.isTraining = isTraining
    self.differentiatesWeights = differentiatesWeights
    try model.checkPreprocessing()
    try Backpropagation.checkOutput(of: model.graph)
    try Backpropagation.check(
      bytes: model.graph.trainedBytes, "this many weights", in: model.graph)
    let selected = try layers.map { (names) throws(GraphError) in
      try Backpropagation.nodes(names, of: model.graph)
    }
    let observed = try Backpropagation.nodes(lossNodes, of: model.graph)
    parameters = Parameters(model.graph, trained: selected.map { Set($0) })
    masked = differentiatesWeights ? MaskedChannels.all(in: parameters) : []
    let graph = TrainingGraph(model, parameters, isTraining: isTraining)
    let blocks = blockCount(batchSize)
    let purpose = "batches of \(batchSize) images"
    try Backpropagation.check(
      bytes: graph.valueBytes(blocks: blocks), purpose, in: model.graph)
    let builder = TrainingBuilder(
      graph, parameters, state, blocks: blocks,
      usesBatchStatistics: isTraining && !freezesNormalization,
      differentiatesWeights: differentiatesWeights, differentiatesInput: differentiatesInput,
      lossNodes: observed.map { graph.places[$0]! })
    logitGradient = builder.valueGradient(graph.output).gradient
    builder.build()
    inputValueGradient = differentiatesInput ? builder.valueGradient(0).gradient : nil
    usesOpenBLAS = graph.usesOpenBLAS
    batchBytes =
      builder.memory.bytes(slots: builder.slots)
      + observed.reduce(0) { $0 + NodeGradients.bytes(model.graph.nodes[$1].shape, blocks: blocks) }
    try Backpropagation.check(
      bytes: batchBytes, openBLAS: usesOpenBLAS ? options.threads : 0, purpose, in: model.graph)
    builder.memory.allocate(slots: builder.slots)
    packing = builder.packing
    forward = builder.forward
    backward = builder.backward
    input = builder.values[0]!
    let logits = builder.values[graph.output]!
    self.logits = logits
    values = Dictionary(
      uniqueKeysWithValues: graph.places.map { (model.graph.nodes[$0].name, builder.values[$1]!) })
    nodeGradients = Dictionary(
      zip(lossNodes, observed.map { builder.nodeGradients[graph.places[$0]!]! })
    ) { first, _ in first }
    outputGradients = builder.nodeGradients[graph.output]!
    blocksPerSlot = (blocks + builder.slots - 1) / builder.slots
    labels = Storage(count: blocks * laneCount)
    losses = Storage(count: blocks * laneCount)
    correct = Storage(count: blocks)
    openblas_set_num_threads(1)
  }

  /// Runs a batch forward and, with a loss, backward.
  ///
  /// - Parameters:
  ///   - images: The number of images.
  ///   - loss: The loss; nil runs forward only.
  ///   - seed: Determines dropout; must differ between steps.
  ///   - updatesStatistics: Whether the step updates moving statistics by the batch's.
  ///   - fill: Packs a block of at most 16 images, scaled, into lanes; called on several threads.
  /// - Throws: The error of `fill` for the first block that fails; the errors of the loss.
  func run(
    images: Int, _ loss: Loss?, seed: UInt64, updatesStatistics: Bool,
    fill: @Sendable (_ block: Int, UnsafeMutablePointer<Float>, dk_image) throws -> Void
  ) throws -> BatchResult {
    precondition((1...batchSize).contains(images), "\(images) images for \(batchSize)")
    state.images = images
    state.seed = seed
    state.updatesStatistics = updatesStatistics
    let blocks = state.blocks
    let failure = Mutex<(block: Int, error: any Error)?>(nil)
    let (packing, input) = (isPacked ? [] : packing, input)
    runPieces(blocks + packing.count, threads: options.threads) { piece in
      guard piece < blocks else { return packing[piece - blocks]() }
      do {
        unsafe try fill(piece, input.at(piece), input.image)
      } catch {
        failure.withLock { if piece < $0?.block ?? Int.max { $0 = (piece, error) } }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    // Weights that are differentiated are to be changed, and so are moving statistics.
    isPacked = !differentiatesWeights && !updatesStatistics
    run(forward)
    guard let loss else { return BatchResult(loss: 0, correct: 0) }
    var result = BatchResult(loss: try takeGradients(of: loss), correct: 0)
    if let crossEntropy = loss.crossEntropy {
      let part = run(crossEntropy)
      result = BatchResult(loss: result.loss + part.loss, correct: part.correct)
    } else {
      let valueGradient = logitGradient
      run([
        .blocks([
          { block, _ in unsafe kernels.fill(valueGradient.at(block), valueGradient.image, 0) }
        ])
      ])
    }
    run(backward)
    for channels in masked { channels.clear(parameters.gradient) }
    return result
  }

  /// Runs phases one after another.
  func run(_ phases: [TrainingPhase]) {
    let blocks = state.blocks
    for phase in phases {
      switch phase {
      case .pieces(let count, let body):
        runPieces(count, threads: options.threads, body)
      case .blocks(let works):
        let size = blocksPerSlot
        runPieces((blocks + size - 1) / size, threads: options.threads) { slot in
          for block in slot * size..<min(blocks, (slot + 1) * size) {
            for work in works { work(block, slot) }
          }
        }
      }
    }
  }

  /// The model with the current weights.
  public var currentModel: Model {
    var result = model
    result.graph = parameters.graph(model.graph)
    return result
  }
}
