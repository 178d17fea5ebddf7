internal import DefenseKit

/// A network and the masks of its batch normalizations' channels.
struct MaskedNetwork {
  let model: Model
  /// The normalizations' names.
  let layers: [String]
  /// `[layers][channels]`, 0 to 1.
  let masks: [[Float]]

  /// The thresholds that are tried, ascending: 0, 0.05, ..., 0.95 (the authors' step).
  static let thresholds = (0..<20).map { Double($0) / 20 }

  /// The number of all channels.
  var channelCount: Int { masks.reduce(0) { $0 + $1.count } }

  /// The channels with masks up to a threshold, by layer, the smallest mask first.
  func pruned(_ threshold: Double) -> [[Int]] {
    masks.map { masks in
      masks.indices.filter { Double(masks[$0]) <= threshold }
        .sorted { (masks[$0], $0) < (masks[$1], $1) }
    }
  }

  /// Returns the model without the channels with masks up to a threshold, and which these are.
  ///
  /// gamma is zero there, so that the channel is the constant beta. A convolution that nothing but the
  /// normalization reads is masked too, which changes no value: so training leaves the channel masked,
  /// and it can be removed.
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

  /// Returns the highest of the thresholds before accuracy first falls too far.
  ///
  /// - Parameters:
  ///   - least: The images that must be classified rightly.
  ///   - correct: The images that are, with the channels up to a threshold pruned.
  /// - Returns: The threshold and its count; nil if the lowest one costs too much.
  /// - Throws: What `correct` throws.
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
