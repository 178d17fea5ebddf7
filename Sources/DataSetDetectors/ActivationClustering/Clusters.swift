internal import DefenseKit

/// The two clusters of a label's representations.
struct Clusters {
  /// The reduced representations, `[images][components]`.
  let points: Matrix
  /// The clusters; the second one is the smaller.
  let means: TwoMeans
  /// Whether the smaller cluster counts as poisoned.
  let isPoisoned: Bool

  /// Divides representations; nil if there are fewer than 3 or all are equal.
  ///
  /// - Parameters:
  ///   - rows: `[count][elements]`, all finite.
  ///   - count: The number of rows.
  init?(of rows: [Float], count: Int, _ options: ActivationClustering.Options) {
    guard count >= 3 else { return nil }
    let components = PrincipalComponents(of: rows, count: count, most: options.components)
    guard !components.variances.isEmpty else { return nil }
    var points = components.projections(of: rows)
    if options.reduction == .ica {
      for row in 0..<count {
        for (column, variance) in components.variances.enumerated() {
          points[row, column] /= variance.squareRoot()
        }
      }
    }
    self.init(points, options)
  }

  /// Divides points, `[images][components]`.
  init(_ points: Matrix, _ options: ActivationClustering.Options) {
    self.points = points
    means = TwoMeans(points)
    let size = Double(means.secondCount) / Double(points.rows)
    isPoisoned =
      switch options.rule {
      case .smaller: means.secondCount > 0
      case .relativeSize: size > 0 && size < options.size
      case .silhouette:
        means.secondCount > 0
          && Self.silhouette(of: points, means.isSecond) > options.silhouette
      }
  }

  /// `scores[i]`: how much nearer image i is to the smaller cluster, -1 to 1; less 1 if that is not
  /// poisoned.
  var scores: [Double] {
    (0..<points.rows).map { row in
      let point = points.row(row)
      let first = means.squaredDistance(of: point, to: 0).squareRoot()
      let second = means.squaredDistance(of: point, to: 1).squareRoot()
      let larger = max(first, second)
      return (larger > 0 ? (first - second) / larger : 0) - (isPoisoned ? 0 : 1)
    }
  }

  /// Returns the mean silhouette of two clusters (Rousseeuw 1987): the mean of (b - a) / max(a, b),
  /// with a and b the mean distances of a point to the others of its cluster and to those of the
  /// other cluster; 0 for the only point of a cluster.
  static func silhouette(of points: Matrix, _ isSecond: [Bool]) -> Double {
    let (count, axes) = (points.rows, points.columns)
    let sizes = [isSecond.count { !$0 }, isSecond.count { $0 }]
    guard sizes[0] > 0, sizes[1] > 0 else { return 0 }
    let values = points.values
    var total = 0.0
    for i in 0..<count {
      var sums = (first: 0.0, second: 0.0)
      for j in 0..<count {
        var square = 0.0
        for axis in 0..<axes {
          let difference = values[i * axes + axis] - values[j * axes + axis]
          square += difference * difference
        }
        if isSecond[j] {
          sums.second += square.squareRoot()
        } else {
          sums.first += square.squareRoot()
        }
      }
      let own = isSecond[i] ? 1 : 0
      guard sizes[own] > 1 else { continue }
      let a = (own == 0 ? sums.first : sums.second) / Double(sizes[own] - 1)
      let b = (own == 0 ? sums.second : sums.first) / Double(sizes[1 - own])
      if max(a, b) > 0 { total += (b - a) / max(a, b) }
    }
    return total / Double(count)
  }
}
