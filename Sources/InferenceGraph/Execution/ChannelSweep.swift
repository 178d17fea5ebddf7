internal import Synchronization

/// Masks the channels of one layer one after another and predicts after each, running the part
/// before the masked layer's consumers only once.
///
/// Masking turns a channel into a constant at the *frontier*, where the consumers read it (`pool_3`
/// for `conv_3`). One pass therefore keeps the values at the frontier. A convolution or dense layer
/// that reads them is linear in each channel and is updated by adding (constant - value) times the
/// channel's weights. An image on which a channel already had that value is not evaluated again.
/// Where rounding in the updates could decide between two classes, or where values are not finite
/// or too large for differences to be precise, the image is evaluated in full, so that predictions
/// equal those of the masked models.
public struct ChannelSweep: Sendable {
  /// The model whose layer is masked.
  public let model: Model
  /// The masked layer.
  public let layer: String
  /// The node at which the layer's consumers read it.
  public let frontier: String
  /// The number of channels of the layer.
  public let channelCount: Int
  /// Whether masking a channel sets its bias to zero too.
  public let zeroingBias: Bool
  /// Whether recording also takes the means of the layer's own result.
  public let measuresLayer: Bool
  /// Threads, sharing and cancellation.
  public let options: ExecutionOptions

  let cut: CutSet
  let prefix: any PreparedGraph
  let suffix: any PreparedGraph
  let update: SweepUpdate
  /// The constant at the frontier that masking turns each channel into.
  let constants: [Float]
  /// The nodes of the prefix whose means are taken: the frontier and, if measured, the layer.
  let measured: [Int]
  let checks: SweepChecks
  let backend: any Backend
  private let costs: (prefix: Int, suffix: Int)

  /// Prepares a sweep.
  ///
  /// - Parameters:
  ///   - model: The model, which does not change.
  ///   - layer: A convolution or dense layer with an elementwise activation.
  ///   - zeroingBias: Whether masking a channel sets its bias to zero too.
  ///   - measuringLayer: Whether recording also takes the means of the layer's own result.
  ///   - options: Threads, sharing and cancellation. Without sharing, every step runs the masked
  ///     model in full.
  /// - Throws: ``GraphError`` if there is no such layer or its channels cannot be masked.
  public init(
    model: Model, layer: String, zeroingBias: Bool = true, measuringLayer: Bool = false,
    options: ExecutionOptions = ExecutionOptions()
  ) throws {
    try self.init(
      model: model, layer: layer, zeroingBias: zeroingBias, measuringLayer: measuringLayer,
      options: options, on: CPU())
  }

  init(
    model: Model, layer: String, zeroingBias: Bool, measuringLayer: Bool,
    options: ExecutionOptions, on backend: any Backend
  ) throws {
    let graph = model.graph
    self.model = model
    self.layer = layer
    self.zeroingBias = zeroingBias
    measuresLayer = measuringLayer
    self.options = options
    self.backend = backend
    try model.checkPreprocessing()
    frontier = try graph.frontier(of: layer)
    guard let layerNode = graph.index(of: layer), let frontierNode = graph.index(of: frontier)
    else { throw GraphError(node: layer, "there is no such layer") }
    guard graph.nodes[layerNode].activation.isElementwise else {
      throw GraphError(node: layer, "its activation mixes channels, so they cannot be masked")
    }
    channelCount = graph.nodes[layerNode].channels
    let masked = try graph.masking(
      Array(0..<channelCount), of: layer, zeroingBias: zeroingBias)
    constants = try ChannelSweep.constants(of: masked, at: frontier, on: backend)

    let normal = Normalized(graph, preprocessing: model.preprocessing)
    let nodes = normal.nodes
    let cut = CutSet(nodes, frontier: normal.index[frontierNode], scores: normal.scores)
    self.cut = cut
    let blocks = options.blocks(imageShape: graph.inputShape)
    let measured = [cut.frontier] + (measuringLayer ? [normal.index[layerNode]] : [])
    let before = Fused(
      nodes, inputs: [0], outputs: Set(cut.nodes + measured + [normal.scores]))
    self.measured = measured.map { before.index[$0]! }
    prefix = backend.prepare(before, blocks: blocks)
    try prefix.checkSize(of: graph)
    let behind = Fused(nodes, inputs: Set(cut.nodes), outputs: [normal.scores], from: .values)
    suffix = backend.prepare(behind, blocks: blocks)
    try suffix.checkSize(of: graph)
    checks = SweepChecks(cut, prefix: before, suffix: behind)
    update = SweepUpdate(nodes, cut, channels: channelCount, on: backend)
    let total = graph.multiplyAdds
    let suffixCost = nodes.indices.reduce(0) {
      cut.isBehind[$1] ? $0 + nodes.multiplyAdds(of: $1) : $0
    }
    costs = (total - suffixCost, suffixCost)
  }

  /// Returns the value of each channel at the frontier when the whole layer is masked.
  private static func constants(
    of masked: Graph, at frontier: String, on backend: any Backend
  ) throws -> [Float] {
    let model = Model(graph: masked)
    let executor = try Executor(
      [model], observing: [(0, frontier)], options: ExecutionOptions(threads: 1), on: backend)
    let image = ArraySource(
      Array(repeating: 0, count: masked.inputShape.reduce(1, *)), imageShape: masked.inputShape)
    let channels = masked.index(of: frontier).map { masked.nodes[$0].channels } ?? 0
    let values = Mutex<[Float]>([])
    try executor.run(image) { batch in
      let all = batch.values(ofObservation: 0)
      values.withLock { $0 = Array(all.prefix(channels)) }
    }
    return values.withLock { $0 }
  }

  /// The share of a forward pass's multiply-adds that lies after the frontier.
  public var suffixShare: Double { Double(costs.suffix) / Double(costs.prefix + costs.suffix) }
}
