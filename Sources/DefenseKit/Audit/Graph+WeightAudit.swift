internal import InferenceGraph
internal import ModelIO

extension Graph {
  /// The findings that follow from the network's weights and layers.
  var auditFindings: [Finding] {
    nodes.flatMap { $0.outstandingWeights + $0.duplicatedChannels } + constantBranches
  }
}

extension Graph.Node {
  /// A weight is large if it is over 10 and over 1000 times the median of its kind in the layer.
  ///
  /// Honest networks have some: weight decay leaves most of a kernel near zero, and a
  /// normalization's scale is large for a channel that hardly varies.
  private static let largeRatio: Float = 1000
  private static let smallestLarge: Float = 10
  /// A weight is extreme if it is over 100 and over 100 times the 90th percentile, or, in a kernel
  /// or a bias, over 10,000. Training does not produce such weights.
  private static let extremeRatio: Float = 100
  private static let smallestExtreme: Float = 100
  private static let largestWeight: Float = 10_000
  /// A scale is computed by a division by a deviation that may be close to zero.
  private static let smallestExtremeScale: Float = 100_000

  fileprivate var outstandingWeights: [Finding] {
    operation.coefficients.compactMap { coefficients in
      let (values, isLimited) = (coefficients.values, !coefficients.isScale)
      let finite = values.lazy.filter(\.isFinite)
      let largest = finite.reduce(0) { max($0, abs($1)) }
      guard largest > Self.smallestLarge else { return nil }
      let quantiles = Self.quantiles(values)
      let large = max(
        Self.smallestLarge, quantiles.map { $0.median * Self.largeRatio } ?? .infinity)
      var extreme = max(
        large, isLimited ? Self.smallestExtreme : Self.smallestExtremeScale,
        quantiles.map { $0.most * Self.extremeRatio } ?? .infinity)
      if isLimited { extreme = min(extreme, Self.largestWeight) }
      let isExtreme = largest > extreme
      let limit = isExtreme ? extreme : large
      guard largest > limit else { return nil }
      let count = finite.count { abs($0) > limit }
      let typical =
        quantiles.map {
          "; the median magnitude of the others is "
            + "\(Self.text($0.median))"
        } ?? ""
      return Finding(
        isExtreme ? .weightsExtreme : .weightsLarge, at: name,
        "layer '\(name)': \(count) of the \(values.count) values of its \(coefficients.name) "
          + "\(count == 1 ? "stands" : "stand") out, up to \(Self.text(largest))\(typical)")
    }
  }

  /// Returns the median and the 90th percentile of the magnitudes that are neither zero nor
  /// infinite, from a sample of fewer than 8192 values; nil if there are too few to compare with.
  private static func quantiles(_ values: [Float]) -> (median: Float, most: Float)? {
    let step = max(1, values.count / 4096)
    let sample = stride(from: 0, to: values.count, by: step).map { abs(values[$0]) }
      .filter { $0 > 0 && $0.isFinite }.sorted()
    guard sample.count >= 8 else { return nil }
    return (sample[sample.count / 2], sample[(sample.count - 1) * 9 / 10])
  }

  private static func text(_ value: Float) -> String {
    let rounded = (Double(value) * 1000).rounded() / 1000
    return rounded > 0 && value < 1e9 ? "\(Float(rounded))" : "\(value)"
  }

  // MARK: Duplicated channels

  /// Fewer weights may be equal by chance or by design.
  private static let fewestWeights = 4

  fileprivate var duplicatedChannels: [Finding] {
    guard let (kernel, channels) = operation.channelKernel else { return [] }
    let groups = Self.equalColumns(kernel.values, channels)
    guard let first = groups.first else { return [] }
    let count = groups.reduce(0) { $0 + $1.count }
    let list = first.prefix(8).map(String.init).joined(separator: ", ")
    return [
      Finding(
        .weightsDuplicated, at: name,
        "layer '\(name)': \(count) of its \(channels) channels have the same weights as another "
          + "channel, for example \(list)\(first.count > 8 ? ", ..." : "")")
    ]
  }

  /// Returns the columns of a matrix that equal others, in groups. Columns of a single value, for
  /// example the zeros of pruned channels, do not count.
  private static func equalColumns(_ values: [Float], _ columns: Int) -> [[Int]] {
    guard columns > 1, values.count / columns >= fewestWeights else { return [] }
    var hashes = [UInt64](repeating: 0, count: columns)
    var isVaried = [Bool](repeating: false, count: columns)
    let rows = values.count / columns
    for row in 0..<rows {
      for column in 0..<columns {
        let value = values[row * columns + column]
        hashes[column] = (hashes[column] ^ UInt64(value.bitPattern)) &* 0x9E37_79B9_7F4A_7C15
        hashes[column] ^= hashes[column] >> 29
        if value != values[column] { isVaried[column] = true }
      }
    }
    // The hashes only select the columns to compare.
    var candidates: [UInt64: [Int]] = [:]
    for column in 0..<columns where isVaried[column] {
      candidates[hashes[column], default: []].append(column)
    }
    return candidates.values.filter { $0.count > 1 }.compactMap { group in
      let equal = group.filter { column in
        (0..<rows).allSatisfy { values[$0 * columns + column] == values[$0 * columns + group[0]] }
      }
      return equal.count > 1 ? equal : nil
    }.sorted { $0[0] < $1[0] }
  }
}
