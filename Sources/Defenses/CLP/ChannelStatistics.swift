internal import DefenseKit

/// The bounds and outliers of a network's batch normalizations, and which of them have no bound.
struct ChannelStatistics {
  /// A batch normalization whose channels can be bounded.
  struct Layer {
    /// The normalization's name.
    let normalization: String
    /// The convolution that only this normalization reads; nil if there is none or others read it
    /// too.
    let convolution: String?
    /// One bound for each channel.
    let bounds: [Double]
    /// The channels to prune, ascending.
    let outliers: [Int]
  }

  /// The layers with bounds, in the graph's order.
  private(set) var layers: [Layer] = []
  /// Normalizations that read a sum and are skipped.
  private var sums: [String] = []
  /// Other normalizations without bounds, and descriptions of their inputs.
  private var others: [(name: String, reads: String)] = []
  private let options: CLP.Options

  /// Computes the bounds of all normalizations.
  ///
  /// - Throws: `PluginError` if none can be bounded or a bound is not finite; `CancellationError`.
  init(of model: Model, _ options: CLP.Options, in context: RunContext) throws {
    self.options = options
    let graph = model.graph
    var bounds = ChannelBounds(graph, check: context.checkCancellation)
    for name in graph.normalizations {
      let producer = try graph.producer(ofNormalization: name)
      let norms: [Double]
      switch producer {
      case .convolution(let convolution, _): norms = try bounds.norms(of: graph.place(convolution))
      case .sum(let sum) where options.sums == .bound:
        guard let added = try bounds.sumBounds(of: graph.place(sum)) else {
          others.append((name, "'\(sum)', a sum of different shapes"))
          continue
        }
        norms = added
      case .sum:
        sums.append(name)
        continue
      case .other(let reads):
        others.append((name, reads))
        continue
      }
      try add(name, producer, norms, in: graph)
    }
    guard !layers.isEmpty else { throw unsuitable(model) }
  }

  private mutating func add(
    _ name: String, _ producer: NormalizationProducer, _ norms: [Double], in graph: Graph
  ) throws(PluginError) {
    guard case .batchNormalization(let normalization) = graph.nodes[graph.place(name)].operation
    else { return }
    let bounds = norms.indices.map { norms[$0] * normalization.factor(ofChannel: $0) }
    if let channel = bounds.firstIndex(where: { !$0.isFinite }) {
      throw PluginError(
        .unsuitableModel,
        "cannot bound channel \(channel) of '\(name)': its weights, or 1 / sqrt(variance + "
          + "epsilon), are not finite, and such a network cannot classify either",
        about: .plugin(CLP.name), remedies: [.advice("inspect the model's file")])
    }
    var alone: String?
    if case .convolution(let convolution, isShared: false) = producer { alone = convolution }
    layers.append(
      Layer(
        normalization: name, convolution: alone, bounds: bounds,
        outliers: CLP.outliers(bounds, u: options.u)))
  }

  /// Warnings about skipped normalizations and about a network without outliers.
  var warnings: [String] {
    var lines: [String] = []
    if let left = leftAlone {
      let count = layers.count + sums.count + others.count
      lines.append(
        "clp leaves \(sums.count + others.count) of \(count) batch normalizations as they are: "
          + "\(left)"
          + remedy)
    }
    if layers.allSatisfy(\.outliers.isEmpty) {
      let scores = layers.map { CLP.scores($0.bounds).max() ?? 0 }
      let most = scores.indices.max { (scores[$0], $1) < (scores[$1], $0) } ?? 0
      let rounded = (scores[most] * 100).rounded(.down) / 100
      lines.append(
        "clp prunes nothing and returns the suspect: no channel is more than "
          + "\(options.u.optionText) standard deviations above its layer's mean (at most "
          + "\(rounded.optionText), at \(layers[most].normalization)); lower clp.u to prune more")
    }
    return lines
  }

  /// A description of the normalizations without bounds; nil if there are none.
  private var leftAlone: String? {
    var parts: [String] = []
    if let first = sums.first {
      parts.append("\(sums.count) read\(sums.count == 1 ? "s" : "") a sum (first: \(first))")
    }
    if let first = others.first {
      let verb = others.count == 1 ? "reads" : "read"
      parts.append(
        "\(others.count) \(verb) no convolution's own result (\(first.name) reads \(first.reads))")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  private var remedy: String { sums.isEmpty ? "" : "; clp.sums=bound includes the sums" }

  private func unsuitable(_ model: Model) -> PluginError {
    let count = sums.count + others.count
    let reason =
      leftAlone.map { left in
        "of the \(count) in '\(model.name)' \(left)"
      } ?? "'\(model.name)' has no batch normalization"
    return PluginError(
      .unsuitableModel,
      "needs batch normalizations that read a convolution, but \(reason)", about: .plugin(CLP.name),
      remedies: (sums.isEmpty ? [] : [.set("sums", of: CLP.name, to: ["bound"])])
        + [.advice("choose another defense, such as fine-pruning")])
  }
}

extension Graph {
  /// Returns the index of an existing node.
  fileprivate func place(_ name: String) -> Int {
    guard let index = index(of: name) else { preconditionFailure("no layer '\(name)'") }
    return index
  }
}
