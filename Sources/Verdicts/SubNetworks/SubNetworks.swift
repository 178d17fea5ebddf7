public import DefenseKit

/// Looks in the weights for a chain of channels that runs through the whole network beside the
/// others, as an implanted sub-network does.
///
/// Subnet replacement overwrites a few channels of each layer by a narrow network that knows the
/// trigger, and cuts them off from all others by weights of zero. No image is needed to see that.
///
/// Channels are the vertices of a graph. An edge joins a channel of a layer and a channel of the
/// next one that reads it; its weight is the norm of the kernel between both, divided by the median
/// of such norms over zero in the layer. Channels that a sum or an elementwise product combines are one vertex.
/// The image and the classes are no vertices, as all parts of a network share them. Edges are added
/// in descending order of weight. A component is a chain when it reads the image and reaches a
/// class, from the weight b on of the edge that completed it. When two chains merge by an edge of
/// weight w, their isolation is
///
///     min(b, b') / max(w, 10^-6),
///
/// the ratio of the weakest link within a chain to the strongest link to the rest of the network.
/// Chains that no edge joins have w = 0. The statistic is the largest isolation; chains with b under
/// 0.001 do not count, because they consist of channels that training has switched off. The target
/// class is the one to which the smaller chain has its strongest link.
///
/// Fine-tuning after the replacement fills the zeros with small weights; the isolation falls with
/// it. An operation that mixes channels without a kernel, such as attention or a permutation of
/// channels, joins all that it reads, so that a chain through it is not seen.
///
/// Source: the attack is that of Qi, Xie, Pan, Zhu, Yang and Bu, "Towards Practical Deployment-Stage
/// Backdoor Attack on Deep Neural Networks", CVPR 2022; the audit is our own.
public struct SubNetworks: ModelScanner {
  /// "sub-networks".
  public static let name = "sub-networks"
  /// One sentence for listings.
  public static let summary =
    "Finds chains of channels that are cut off from the rest of the network; needs no data."
  /// None: it reads the weights alone.
  public static let requirements: [PluginRequirement] = []

  /// The options of this scanner.
  public let options: Options

  /// Creates the scanner with all defaults.
  public init() { options = Options() }

  /// Creates the scanner.
  ///
  /// - Throws: `PluginError` if the threshold is not over 1.
  public init(options: Options) throws(PluginError) {
    guard options.threshold > 1 else {
      throw PluginError(option: "threshold", of: Self.name, "takes a number over 1, such as 10")
    }
    self.options = options
  }

  /// Searches the weights of a model.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a model without two layers of hidden
  ///   channels in a row, and for weights that are not finite; `CancellationError`.
  public func scan(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> ModelVerdict {
    let channels = try ChannelGraph(of: model.graph, check: context.checkCancellation)
    guard channels.edges.contains(where: { $0.from >= 0 && !channels.isClass(Int($0.to)) }) else {
      throw PluginError(
        .unsuitableModel,
        "needs two layers of hidden channels in a row, which this network lacks",
        about: .plugin(Self.name))
    }
    try context.checkCancellation()
    let chains = channels.chains()
    var scores = [Double](repeating: 0, count: model.classCount)
    for chain in chains where chain.target < scores.count {
      scores[chain.target] = max(scores[chain.target], chain.isolation)
    }
    let isolated = chains.filter { $0.isolation > options.threshold }
    let targets = scores.indices.filter { scores[$0] > options.threshold }
      .sorted { (scores[$1], $0) < (scores[$0], $1) }
    return ModelVerdict(
      statistic: max(1, scores.max() ?? 1), threshold: options.threshold, classScores: scores,
      measure: "isolation of a chain of channels that leads to the class", targets: targets,
      notes: isolated.map { chain in
        "class \(chain.target): isolated channels "
          + channels.description(of: chain.channels, in: model.graph)
      })
  }
}
