internal import InferenceGraph
internal import ModelIO

extension Graph {
  /// What is odd about the network itself.
  var auditFindings: [Finding] {
    nodes.flatMap { $0.extremeWeights + $0.duplicatedChannels } + constantBranches
  }
}

extension Node {
  /// A weight stands out if it is over 10 and over 1000 times the median of its kind in the layer.
  ///
  /// Trained networks stay far below: in the networks that this was measured on, no weight is over
  /// 63 times the median magnitude of its kernel, none over 1.4.
  private static let extremeRatio: Float = 1000
  private static let smallestExtreme: Float = 10
  /// A kernel or a bias stands out in any case from here on.
  private static let largestWeight: Float = 10_000

  fileprivate var extremeWeights: [Finding] {
    magnitudes.compactMap { role, values, isLimited in
      let finite = values.lazy.filter(\.isFinite)
      let largest = finite.reduce(0) { max($0, abs($1)) }
      guard largest > Self.smallestExtreme else { return nil }
      let median = Self.median(values)
      let bound = max(Self.smallestExtreme, median.map { $0 * Self.extremeRatio } ?? .infinity)
      let limit = isLimited ? min(bound, Self.largestWeight) : bound
      guard largest > limit else { return nil }
      let count = finite.count { abs($0) > limit }
      let typical = median.map { "; half of the others are under \(Self.text($0))" } ?? ""
      return Finding(
        .weightsExtreme, at: name,
        "layer '\(name)': \(count) of the \(values.count) values of its \(role) "
          + "\(count == 1 ? "stands" : "stand") out, up to \(Self.text(largest))\(typical)")
    }
  }

  /// The layer's weights by kind, and whether there is a limit to them whatever the others are.
  ///
  /// A normalization counts by what it multiplies and adds. Its scale and that of a rescaling have
  /// no limit: in front of a softmax a large one, equal for all classes, decides nothing.
  private var magnitudes: [(role: String, values: [Float], isLimited: Bool)] {
    func both(_ kernel: Tensor, _ bias: Tensor?) -> [(String, [Float], Bool)] {
      [("kernel", kernel.values, true), ("bias", bias?.values ?? [], true)]
    }
    switch operation {
    case .convolution(let c): return both(c.kernel, c.bias)
    case .depthwiseConvolution(let c): return both(c.kernel, c.bias)
    case .separableConvolution(let c):
      return both(c.pointwise, c.bias) + [("depthwise kernel", c.depthwise.kernel.values, true)]
    case .dense(let d): return both(d.kernel, d.bias)
    case .batchNormalization(let b):
      let scale = b.variance.values.indices.map { index in
        (b.gamma?.values[index] ?? 1) / (b.variance.values[index] + b.epsilon).squareRoot()
      }
      return [("scale", scale, false), ("offset", b.beta?.values ?? [], true)]
    case .rescaling(let r): return [("scale", r.scale, false)]
    default: return []
    }
  }

  /// The median magnitude of what is neither zero nor infinite, from 4096 values at most; nil if
  /// there are too few to tell what is usual.
  private static func median(_ values: [Float]) -> Float? {
    let step = max(1, values.count / 4096)
    let sample = stride(from: 0, to: values.count, by: step).map { abs(values[$0]) }
      .filter { $0 > 0 && $0.isFinite }.sorted()
    return sample.count >= 8 ? sample[sample.count / 2] : nil
  }

  private static func text(_ value: Float) -> String {
    let rounded = (Double(value) * 1000).rounded() / 1000
    return rounded > 0 && value < 1e9 ? "\(Float(rounded))" : "\(value)"
  }

  // MARK: Copies

  /// Fewer weights than this may be equal by chance, or because somebody wrote them down.
  private static let fewestWeights = 4

  fileprivate var duplicatedChannels: [Finding] {
    let kernel: Tensor
    switch operation {
    case .convolution(let c): kernel = c.kernel
    case .depthwiseConvolution(let c): kernel = c.kernel
    case .separableConvolution(let c): kernel = c.pointwise
    case .dense(let d): kernel = d.kernel
    default: return []
    }
    var channels = kernel.shape.last ?? 1
    if case .depthwiseConvolution = operation { channels *= kernel.shape[2] }
    let groups = Self.equalColumns(kernel.values, channels)
    guard let first = groups.first else { return [] }
    let count = groups.reduce(0) { $0 + $1.count }
    let list = first.prefix(8).map(String.init).joined(separator: ", ")
    return [
      Finding(
        .weightsDuplicated, at: name,
        "layer '\(name)': \(count) of its \(channels) channels have the same weights as another, such "
          + "as \(list)\(first.count > 8 ? ", ..." : "")")
    ]
  }

  /// Returns the columns of a matrix that are equal to others, in groups; those of a single value,
  /// such as the zeros of pruned channels, don't count.
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
    // The hashes only say where to look.
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
