internal import DefenseKit

/// A network and the masks of its batch normalizations' channels.
struct MaskedNetwork {
  let model: Model
  /// The names of the normalizations, in the graph's order.
  let layers: [String]
  /// `[layers][channels]`, 0 to 1.
  let masks: [[Float]]

  /// The candidate thresholds, ascending: 0, 0.05, ..., 0.95 (the authors' step).
  static let thresholds = (0..<20).map { Double($0) / 20 }

  /// The number of channels of all normalizations.
  var channelCount: Int { masks.reduce(0) { $0 + $1.count } }

  /// Returns the channels with masks up to a threshold, by layer, smallest mask first.
  func pruned(_ threshold: Double) -> [[Int]] {
    masks.map { masks in
      masks.indices.filter { Double(masks[$0]) <= threshold }
        .sorted { (masks[$0], $0) < (masks[$1], $1) }
    }
  }

  /// Returns the model with the channels pruned whose masks are at most a threshold, and a list of
  /// them.
  ///
  /// gamma is zero in these channels, so that each has the constant value beta. A convolution that
  /// only the normalization reads is masked too. That changes no value, and so training leaves the
  /// channel masked, and it can be removed.
  ///
  /// - Throws: `GraphError`, never for layers of the model.
  func repaired(_ threshold: Double) throws -> (model: Model, pruned: [PrunedChannels]) {
    var model = model
    var entries: [PrunedChannels] = []
    for (layer, channels) in zip(layers, pruned(threshold)) where !channels.isEmpty {
      let producer = try model.graph.producer(ofNormalization: layer)
      model.graph = try model.graph.masking(
        channels, ofNormalization: layer, zeroingBeta: false)
      var name = layer
      if case .convolution(let convolution, isShared: false) = producer {
        model.graph = try model.graph.masking(channels, of: convolution)
        name = convolution
      }
      let total = try model.graph.batchNormalization(layer).mean.count
      entries.append(PrunedChannels(layer: name, channels: channels, of: total))
    }
    return (model, entries)
  }

  /// Returns the highest candidate threshold before accuracy first falls too far.
  ///
  /// - Parameters:
  ///   - least: The minimum number of correctly classified images.
  ///   - correct: Returns the number of correctly classified images with the channels up to a
  ///     threshold pruned.
  /// - Returns: The threshold and its number of correct images; nil if the lowest one costs too
  ///   much.
  /// - Throws: The errors of `correct`.
  func threshold(
    keeping least: Int, correct: (Double) throws -> Int
  ) rethrows -> (threshold: Double, correct: Int)? {
    var best: (threshold: Double, correct: Int)?
    var known: [[[Int]]: Int] = [:]
    for threshold in Self.thresholds {
      let channels = pruned(threshold)
      let count = try known[channels] ?? correct(threshold)
      known[channels] = count
      guard count >= least else { break }
      best = (threshold, count)
    }
    return best
  }
}
