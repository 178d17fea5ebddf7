internal import Synchronization

/// Masks the channels of one layer one after another and predicts after each, running what lies
/// before the masked layer's consumers once.
///
/// Masking a channel makes it a constant in all that its consumers read (the *frontier*, `pool_3`
/// for `conv_3`). So one pass keeps the values at the frontier; a convolution or dense layer that
/// reads them is linear in each channel and is updated by adding (constant - value) times the
/// channel's weights; and an image on which a channel already had that constant value is not
/// evaluated again at all. Where rounding in the updates could decide between two classes, the
/// image is evaluated in full, so that predictions are those of the masked models themselves. So is
/// an image whose values are too large, or not finite, for differences to mean anything.
public struct ChannelSweep: Sendable {
  /// The model whose layer is masked.
  public let model: Model
  /// The masked layer.
  public let layer: String
  /// The node whose result the layer's consumers read.
  public let frontier: String
  /// The number of channels.
  public let channelCount: Int
  /// Whether a masked channel's bias goes to zero with its kernel.
  public let zeroingBias: Bool
  /// Whether recording takes the means of the layer's own result too.
  public let measuresLayer: Bool
  /// How the work is run.
  public let options: ExecutionOptions

  let cut: SweepCut
  let prefix: any PreparedGraph
  let suffix: any PreparedGraph
  let update: SweepUpdate
  /// By channel: what masking makes of it at the frontier.
  let constants: [Float]
  /// In the prefix: the nodes whose means are taken, the frontier's and maybe the layer's.
  let measured: [Int]
  let checks: SweepChecks
  let backend: any Backend
  private let costs: (prefix: Int, suffix: Int)

  /// Prepares a sweep.
  ///
  /// - Parameters:
  ///   - model: The model; it isn't changed.
  ///   - layer: A convolution or dense layer with an element-wise activation.
  ///   - zeroingBias: Whether a masked channel's bias goes to zero with its kernel.
  ///   - measuringLayer: Whether recording takes the means of the layer's own result too.
  ///   - options: Threads; without sharing, every step runs the masked model in full.
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
    frontier = try graph.frontier(of: layer)
    guard let layerNode = graph.index(of: layer), let frontierNode = graph.index(of: frontier)
    else { throw GraphError(node: layer, "there is no such layer") }
    guard graph.nodes[layerNode].activation.isElementwise else {
      throw GraphError(node: layer, "its activation mixes channels, so that they cannot be masked")
    }
    channelCount = graph.nodes[layerNode].channels
    let masked = try graph.masking(
      Array(0..<channelCount), of: layer, zeroingBias: zeroingBias)
    constants = try ChannelSweep.constants(of: masked, at: frontier, on: backend)

    let normal = Normalized(graph, inputScale: model.inputScale)
    let nodes = normal.nodes
    let cut = SweepCut(nodes, frontier: normal.index[frontierNode], scores: normal.scores)
    self.cut = cut
    let blocks = options.blocks(imageShape: graph.inputShape)
    let measured = [cut.frontier] + (measuringLayer ? [normal.index[layerNode]] : [])
    let before = Fused(
      nodes, given: [normal.index[0]], kept: Set(cut.nodes + measured + [normal.scores]))
    self.measured = measured.map { before.index[$0]! }
    prefix = backend.prepare(before, blocks: blocks)
    try prefix.checkSize(of: graph)
    let behind = Fused(nodes, given: Set(cut.nodes), kept: [normal.scores], from: .values)
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

  /// What the frontier holds when every channel of the layer is masked: one value a channel.
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

  /// The part of a forward pass that lies behind the frontier, counted in multiply-adds.
  public var suffixShare: Double { Double(costs.suffix) / Double(costs.prefix + costs.suffix) }
}
