internal import CKernels
internal import COpenBLAS
internal import Synchronization

/// What a batch of images gave.
struct BatchResult: Sendable, Hashable {
  /// The mean cross-entropy over the images, in nats, with label smoothing.
  var loss: Double
  /// Images whose largest output is their label's.
  var correct: Int
}

/// Computes a model's loss on batches of images, and its gradient by reverse-mode differentiation.
///
/// The loss is the mean cross-entropy of the softmax of the output, which may end in softmax or be
/// logits. A batch runs forward and backward in blocks of 16 images, one in each lane of a vector;
/// threads wait for each other only where images meet: in the matrix products of dense layers, in
/// the statistics of batch normalization, and in the sum over the batch. Results are the same bits for any
/// number of threads.
///
/// A channel of a layer whose kernel is all zero is masked: kernel and bias have no gradient there.
public final class Differentiator {
  /// The model it was made with; its weights are the initial ones.
  public let model: Model
  /// The most images in a batch.
  public let batchSize: Int
  /// Weights and gradient, flat.
  let parameters: Parameters
  /// What values, slopes and the like of a batch take.
  let batchBytes: Int

  private let isTraining: Bool
  let usesOpenBLAS: Bool
  private let masked: [MaskedChannels]
  let options: ExecutionOptions
  private let state = BatchState()
  private let packing: [@Sendable () -> Void]
  private let forward: [TrainingPhase]
  private let backward: [TrainingPhase]
  private let input: BatchValue
  private let inputSlope: BatchValue?
  private let logits: BatchValue
  private let logitSlope: BatchValue?
  private let blocksPerSlot: Int
  private let labels: Storage<Int32>
  /// `[blocks][classes][16]`; nil until a batch comes with distributions to learn.
  private var targets: Storage<Float>?
  private let losses: Storage<Float>
  private let correct: Storage<Int32>

  /// Prepares everything that does not depend on the images.
  ///
  /// - Parameters:
  ///   - model: The network.
  ///   - batchSize: The most images in a batch.
  ///   - isTraining: Whether dropout acts and batch normalization uses the batch's statistics; false
  ///     for ``imageGradients(of:labels:)``.
  ///   - freezesNormalization: Whether batch normalization uses the moving statistics all the same.
  ///   - differentiatesWeights: Whether the gradient of the weights is computed.
  ///   - differentiatesInput: Whether the gradient of the images is computed.
  ///   - options: The number of threads.
  /// - Throws: ``GraphError`` for a graph that cannot be trained, or that takes too much memory.
  public init(
    _ model: Model, batchSize: Int, isTraining: Bool = true, freezesNormalization: Bool = false,
    differentiatesWeights: Bool = true, differentiatesInput: Bool = false,
    options: ExecutionOptions = ExecutionOptions()
  ) throws(GraphError) {
    precondition(batchSize > 0, "a batch of \(batchSize) images")
    self.model = model
    self.batchSize = batchSize
    self.options = options
    self.isTraining = isTraining
    try Differentiator.checkOutput(of: model.graph)
    try Differentiator.check(
      bytes: model.graph.trainedBytes, "so many weights", in: model.graph)
    parameters = Parameters(model.graph)
    masked = differentiatesWeights ? MaskedChannels.all(in: parameters) : []
    let graph = TrainingGraph(model.graph, parameters, isTraining: isTraining)
    let blocks = blockCount(batchSize)
    let purpose = "batches of \(batchSize) images"
    try Differentiator.check(
      bytes: graph.valueBytes(blocks: blocks), purpose, in: model.graph)
    let builder = TrainingBuilder(
      graph, parameters, state, blocks: blocks,
      usesBatchStatistics: isTraining && !freezesNormalization,
      differentiatesWeights: differentiatesWeights, differentiatesInput: differentiatesInput)
    logitSlope = builder.needsSlope[graph.output] ? builder.slope(graph.output).slope : nil
    builder.build()
    inputSlope = differentiatesInput ? builder.slope(0).slope : nil
    usesOpenBLAS = graph.usesOpenBLAS
    batchBytes = builder.memory.bytes(slots: builder.slots)
    try Differentiator.check(
      bytes: batchBytes, openBLAS: usesOpenBLAS ? options.threads : 0, purpose, in: model.graph)
    builder.memory.allocate(slots: builder.slots)
    packing = builder.packing
    forward = builder.forward
    backward = builder.backward
    input = builder.values[0]!
    logits = builder.values[graph.output]!
    blocksPerSlot = (blocks + builder.slots - 1) / builder.slots
    labels = Storage(count: blocks * laneCount)
    losses = Storage(count: blocks * laneCount)
    correct = Storage(count: blocks)
    openblas_set_num_threads(1)
  }

  /// Runs a batch forward and backward; the gradient is in ``parameters`` then.
  ///
  /// - Parameters:
  ///   - labels: The class of every image.
  ///   - targets: Distributions over the classes to learn instead, `[images][classes]`; nil: the label
  ///     has all of it.
  ///   - smoothing: Label smoothing.
  ///   - seed: Decides dropout; give every step another.
  ///   - weight: The weight of an image's loss in what is differentiated; nil: 1 / images.
  ///   - fill: Puts a block of images, 16 at most, scaled, into lanes; called from several threads.
  /// - Throws: What `fill` throws for the first block.
  func run(
    labels: [Int32], targets: [Float]? = nil, smoothing: Float = 0, seed: UInt64 = 0,
    weight: Float? = nil,
    fill: @Sendable (_ block: Int, UnsafeMutablePointer<Float>, dk_image) throws -> Void
  ) throws -> BatchResult {
    precondition(
      (1...batchSize).contains(labels.count), "\(labels.count) images for \(batchSize)")
    state.images = labels.count
    state.seed = seed
    state.smoothing = smoothing
    state.weight = weight ?? 1 / Float(labels.count)
    for (index, label) in labels.enumerated() { unsafe self.labels.pointer[index] = label }
    let blocks = state.blocks
    let failure = Mutex<(block: Int, error: any Error)?>(nil)
    let (packing, input) = (packing, input)
    runPieces(blocks + packing.count, threads: options.threads) { piece in
      guard piece < blocks else { return packing[piece - blocks]() }
      do {
        unsafe try fill(piece, input.at(piece), input.image)
      } catch {
        failure.withLock { if piece < $0?.block ?? Int.max { $0 = (piece, error) } }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    run(forward)
    run([.blocks([crossEntropy(targets.map(lanes))])])
    run(backward)
    for channels in masked { channels.clear(parameters.gradient) }
    var loss = 0.0
    for index in 0..<labels.count { unsafe loss += Double(losses.pointer[index]) }
    let right = (0..<blocks).reduce(0) { unsafe $0 + Int(correct.pointer[$1]) }
    return BatchResult(loss: loss / Double(labels.count), correct: right)
  }

  /// Puts distributions, `[images][classes]`, into lanes.
  private func lanes(_ distributions: [Float]) -> Storage<Float> {
    let classes = Int(logits.image.channels)
    let lanes = targets ?? Storage(count: labels.count * classes)
    targets = lanes
    let source = ArraySource(distributions, imageShape: [classes])
    let image = dk_image(height: 1, width: 1, channels: classes, pitch: laneCount, frame: Frame())
    for block in 0..<state.blocks {
      let start = block * laneCount * classes
      // They are as many as the images, and finite.
      _ = unsafe source.values.withUnsafeBytes {
        unsafe source.pack(
          $0.baseAddress! + start * MemoryLayout<Float>.size, count: Int(state.lanes(block)),
          scale: 1, into: lanes.pointer + start, image)
      }
    }
    return lanes
  }

  private func crossEntropy(_ targets: Storage<Float>?) -> @Sendable (Int, Int) -> Void {
    let (logits, slope, state) = (logits, logitSlope ?? logits, state)
    let (labels, losses, correct) = (labels, losses, correct)
    let classes = Int64(logits.image.channels)
    return { block, _ in
      unsafe correct.pointer[block] = kernels.cross_entropy(
        logits.at(block), logits.image.channel_pitch, classes, labels.pointer + block * laneCount,
        targets.map { unsafe UnsafePointer($0.pointer + block * laneCount * Int(classes)) },
        state.lanes(block), state.smoothing, state.weight, slope.at(block),
        slope.image.channel_pitch, losses.pointer + block * laneCount)
    }
  }

  private func run(_ phases: [TrainingPhase]) {
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
  var currentModel: Model {
    var result = model
    result.graph = parameters.graph(model.graph)
    return result
  }

  /// Returns each image's cross-entropy in nats, and its gradient with respect to the image.
  ///
  /// An image's gradient is its own, whatever images there are beside it. So the differentiator must
  /// have been made with `differentiatesInput`, and without `isTraining`: in training dropout acts,
  /// and a batch's images change each other's normalization, and the moving statistics.
  ///
  /// - Parameters:
  ///   - images: `[images][height][width][channels]`, as in a data set (before the model's input
  ///     scale); the gradient is in the same units and order.
  ///   - labels: A class of the model for every image; any number of images.
  /// - Throws: ``SampleError`` for an image with a value that is not finite.
  public func imageGradients(
    of images: [Float], labels: [Int32]
  ) throws -> (losses: [Float], gradients: [Float]) {
    precondition(!isTraining, "made with isTraining, where images have no gradients of their own")
    let classes = 0..<Int32(clamping: model.classCount)
    for (index, label) in labels.enumerated() {
      precondition(
        classes.contains(label), "label \(label) of image \(index) for \(classes.count) classes")
    }
    return try inputGradients(of: images, labels: labels)
  }

  /// Returns each image's cross-entropy, and the gradient of their sum over a batch with respect to
  /// the images; in training too.
  func inputGradients(
    of images: [Float], labels: [Int32]
  ) throws -> (losses: [Float], gradients: [Float]) {
    guard let inputSlope else { preconditionFailure("made without differentiatesInput") }
    let scale = model.inputScale
    let source = ArraySource(images, imageShape: model.graph.inputShape)
    precondition(source.count == labels.count, "\(labels.count) labels, \(source.count) images")
    let size = input.place.elementCount
    let loader = Loader(source)
    let buffer = loader.makeBuffer(images: 0)
    var losses: [Float] = []
    var gradients = [Float](repeating: 0, count: images.count)
    for first in stride(from: 0, to: labels.count, by: batchSize) {
      let range = first..<min(labels.count, first + batchSize)
      try loader.withImages(range, buffer) { loaded in
        _ = unsafe try run(labels: Array(labels[range]), weight: 1) { block, pointer, image in
          unsafe try loaded.pack(block: block, scale: scale, into: pointer, image)
        }
      }
      losses += range.indices.map { unsafe self.losses.pointer[$0 - first] }
      for block in 0..<state.blocks {
        unsafe gradients.withUnsafeMutableBufferPointer {
          unsafe kernels.unpack(
            inputSlope.at(block), inputSlope.image, state.lanes(block),
            $0.baseAddress! + (first + block * laneCount) * size)
        }
      }
    }
    return (losses, gradients.map { $0 * scale })
  }
}
