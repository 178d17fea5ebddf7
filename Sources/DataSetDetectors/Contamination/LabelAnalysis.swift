internal import DefenseKit

/// The two groups of a label's images, and how much better they fit than one.
struct LabelAnalysis {
  /// J.
  let statistic: Double
  /// `leads[i]`: half the difference of image i's squared distances to the means of the group to
  /// keep and of the group to drop; over 0 for images to drop.
  let leads: [Double]
  /// The position of the label among all labels.
  let group: Int

  /// Divides points.
  ///
  /// - Parameters:
  ///   - points: In the basis of the model, `[points][axes]`.
  ///   - cleanMean: The mean of the label's clean images in that basis; nil if there are none.
  init(
    of points: Matrix, _ model: TwoComponentModel, _ statistic: Contamination.Statistic,
    cleanMean: [Double]?, group: Int
  ) {
    self.group = group
    // Rotated to their own principal axes, the first axes are good starts.
    let axes = SymmetricEigen(points.covariance()).vectors
    let rotated = points.timesTransposed(axes)
    let groups = TwoMeans(rotated, starts: 8)
    self.statistic = Self.statistic(
      of: points, groups.isSecond, ratios: model.ratios, statistic)
    var dropped = 1
    if let cleanMean {
      let center = Matrix(rows: 1, columns: cleanMean.count, values: cleanMean)
        .timesTransposed(axes).row(0)
      if groups.squaredDistance(of: center, to: 0) > groups.squaredDistance(of: center, to: 1) {
        dropped = 0
      }
    }
    leads = (0..<points.rows).map { row in
      let point = rotated.row(row)
      return
        (groups.squaredDistance(of: point, to: 1 - dropped)
        - groups.squaredDistance(of: point, to: dropped)) / 2
    }
  }

  /// Returns J.
  ///
  /// - Parameters:
  ///   - points: `[points][axes]`, less the mean of all classes, in a basis in which Se is the
  ///     identity and Sm diagonal.
  ///   - isSecond: The group of each point.
  ///   - ratios: The diagonal of Sm.
  static func statistic(
    of points: Matrix, _ isSecond: [Bool], ratios: [Double], _ kind: Contamination.Statistic
  ) -> Double {
    let count = Double(points.rows)
    let mean = zip(points.meanRow(), ratios).map { mean, ratio in
      let factor =
        switch kind {
        case .corrected: ratio
        case .published: 1.0
        }
      return factor / (count * ratio + 1) * mean * count
    }
    func squares(_ points: Matrix, from mean: [Double]) -> Double {
      points.subtracting(fromRows: mean).values.reduce(0) { $0 + $1 * $1 }
    }
    var sum = squares(points, from: mean)
    for side in [false, true] {
      let group = points.selecting(rows: isSecond.indices.filter { isSecond[$0] == side })
      sum -= squares(group, from: group.meanRow())
    }
    return sum / count
  }
}
