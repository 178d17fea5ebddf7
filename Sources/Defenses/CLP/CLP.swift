public import DefenseKit

/// Prunes the channels that respond to their inputs far more strongly than others of their layer.
///
/// A trigger is small and yet decides the class, so that some channels must respond to it strongly.
/// The possible response of channel k of a convolution with batch normalization grows with
///
///     sigma_k = sigma_max(W_k) * |gamma_k| / sqrt(variance_k + epsilon),
///
/// where W_k is the channel's kernel as a matrix of input channels x taps, and sigma_max the
/// largest singular value. In each layer of n channels, CLP prunes those for which
///
///     sigma_k > mean + u * deviation,    u = 3,
///
/// with the deviation divided by n - 1. It reads no images and trains nothing. No channel lies more
/// than (n - 1) / sqrt(n) deviations over the mean, so that nothing is pruned in a layer of fewer
/// than 11 channels at u = 3.
///
/// The rows of W_k are the input channels that the channel reads: those of its group in a grouped
/// convolution, one in a depthwise convolution. A separable convolution counts as the equivalent
/// plain convolution, and dilation changes nothing.
///
/// A normalization belongs to the convolution whose sums it reads in the graph. In a residual
/// network whose blocks start with normalization, some normalizations read a sum instead. CLP skips
/// them or, with `sums=bound`, bounds them by the sum of the operands' bounds. (The authors'
/// program takes whatever convolution is listed before a normalization, and has no epsilon; here
/// the factor is what the network computes.)
///
/// A pruned channel has gamma and beta of zero. If only the normalization reads the convolution,
/// the channel's kernel and bias become zero too, so that training leaves the channel masked, and
/// it can be removed.
///
/// Source: Zheng, Tang, Li and Liu, "Data-free Backdoor Removal based on Channel Lipschitzness",
/// ECCV 2022, sections 4.1 to 4.3.
public struct CLP: Defense {
  /// "clp".
  public static let name = "clp"
  /// One sentence for listings.
  public static let summary =
    "Prunes channels with a far larger Lipschitz bound than others; needs no data."
  /// Batch normalization; no data.
  public static let requirements: [PluginRequirement] = [.batchNormalization]

  /// The options of this defense.
  public let options: Options

  /// Creates the defense with all defaults.
  public init() { options = Options() }

  /// Creates the defense.
  ///
  /// - Throws: `PluginError` if `u` is not positive and finite.
  public init(options: Options) throws(PluginError) {
    try Self.check(options)
    self.options = options
  }

  /// Prunes all layers at once and returns one model.
  ///
  /// Clean images, if given, are only used to count correct predictions for the result.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` if no normalization can be bounded, or a
  ///   bound is not finite; the executor's errors while counting.
  public func repair(
    _ model: Model, using clean: CleanData?, in context: RunContext
  ) throws -> [Repair] {
    let statistics = try ChannelStatistics(of: model, options, in: context)
    for line in statistics.warnings { context.warn(line) }
    var repair = Repair(model: model, defense: Self.name, clean: nil)
    for layer in statistics.layers where !layer.outliers.isEmpty {
      repair.model.graph = try repair.model.graph.masking(
        layer.outliers, ofNormalization: layer.normalization)
      if let convolution = layer.convolution {
        repair.model.graph = try repair.model.graph.masking(layer.outliers, of: convolution)
      }
      repair.pruned.append(
        PrunedChannels(
          layer: layer.convolution ?? layer.normalization, channels: layer.outliers,
          of: layer.bounds.count))
    }
    if let clean {
      // The method reads no images.
      repair.heldOut = Array(0..<clean.count)
      if clean.isLabelled {
        repair.clean = try CleanCounts(of: repair.model, on: clean, in: context)
      }
    }
    return [repair]
  }

  /// Returns the channels whose bounds exceed the mean by more than `u` deviations, ascending.
  static func outliers(_ bounds: [Double], u: Double) -> [Int] {
    let scores = scores(bounds)
    return scores.indices.filter { scores[$0] > u }
  }

  /// Returns by how many standard deviations each bound exceeds the mean; zero if all are equal.
  static func scores(_ bounds: [Double]) -> [Double] {
    guard bounds.count > 1 else { return bounds.map { _ in 0 } }
    // Relative to the first one, equal bounds have a deviation of exactly zero.
    let distances = bounds.map { $0 - bounds[0] }
    let mean = distances.reduce(0, +) / Double(bounds.count)
    let squares = distances.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(bounds.count - 1)).squareRoot()
    return distances.map { deviation > 0 ? ($0 - mean) / deviation : 0 }
  }
}
