/// A channel that has the same values for every image, as a result of masking.
struct ConstantChannel {
  /// The value at each position, row-major over all axes but the last.
  var values: [Double]
  /// Whether the smaller graph omits the channel; otherwise it remains with these values.
  var isRemoved: Bool
  /// The pruned channels that it results from.
  var origins: Set<ChannelOfNode>

  /// Whether all positions have the same value.
  var isUniform: Bool { values.allSatisfy { $0 == values[0] } }

  /// Whether all positions are zero.
  var isZero: Bool { values.allSatisfy { $0 == 0 } }

  /// The largest absolute value.
  var magnitude: Double { values.reduce(0) { max($0, abs($1)) } }

  /// Returns a copy with other values.
  func with(_ values: [Double]) -> ConstantChannel {
    ConstantChannel(values: values, isRemoved: isRemoved, origins: origins)
  }

  /// Returns the factor from `other` to this channel; nil if the two are not proportional.
  func multiple(of other: ConstantChannel) -> Double? {
    guard
      let peak = other.values.indices.max(by: { abs(other.values[$0]) < abs(other.values[$1]) }),
      other.values[peak] != 0
    else { return nil }
    let factor = values[peak] / other.values[peak]
    let tolerance = 1e-9 * max(magnitude, 1e-30)
    for (mine, theirs) in zip(values, other.values) where abs(mine - factor * theirs) > tolerance {
      return nil
    }
    return factor
  }
}

extension PoolingKind {
  /// Returns the maximum or the mean of the values.
  func value(of values: [Double]) -> Double {
    switch self {
    case .max: values.max() ?? -.infinity
    case .average: values.reduce(0, +) / Double(values.count)
    }
  }
}
