public import NetworkTraining

/// Two clusters of points, each point in the cluster with the nearer mean.
///
/// Lloyd's algorithm (Lloyd 1982) starts from the two sides of the mean along each of the first
/// axes; the result with the smallest sum of squared distances is kept. There is no random choice.
public struct TwoMeans: Sendable {
  /// Whether each point is in the second cluster, which is the smaller one; of two equally large
  /// ones, that without the first point.
  public private(set) var isSecond: [Bool]
  /// The mean of the first and of the second cluster; of all points for an empty one.
  public private(set) var means: [[Double]]
  /// The sum of the points' squared distances to the mean of their cluster.
  public private(set) var inertia: Double

  /// Divides points.
  ///
  /// - Parameters:
  ///   - points: `[points][axes]`, at least one point.
  ///   - starts: The number of axes to start from.
  public init(_ points: Matrix, starts: Int = 10) {
    let center = points.meanRow()
    var best = TwoMeans(points, from: Array(repeating: false, count: points.rows))
    for axis in 0..<min(starts, points.columns) {
      let sides = (0..<points.rows).map { points[$0, axis] > center[axis] }
      let found = TwoMeans(points, from: sides)
      if found.inertia < best.inertia { best = found }
    }
    self = best
    let count = secondCount
    if 2 * count > points.rows || 2 * count == points.rows && isSecond.first == true {
      isSecond = isSecond.map { !$0 }
      means.swapAt(0, 1)
    }
  }

  /// The number of points in the second cluster.
  public var secondCount: Int { isSecond.count { $0 } }

  /// Returns the squared distance of a point to the mean of a cluster, 0 or 1.
  public func squaredDistance(of point: ArraySlice<Double>, to cluster: Int) -> Double {
    Self.squaredDistance(point, means[cluster])
  }

  private init(_ points: Matrix, from sides: [Bool]) {
    isSecond = sides
    means = []
    inertia = .infinity
    for _ in 0..<100 {
      means = Self.means(of: points, isSecond)
      var next = isSecond
      var sum = 0.0
      for index in next.indices {
        let point = points.row(index)
        let (first, second) = (
          Self.squaredDistance(point, means[0]), Self.squaredDistance(point, means[1])
        )
        next[index] = second < first
        sum += min(first, second)
      }
      inertia = sum
      if next == isSecond { break }
      isSecond = next
    }
  }

  private static func means(of points: Matrix, _ isSecond: [Bool]) -> [[Double]] {
    let all = points.meanRow()
    return [false, true].map { side in
      let members = isSecond.indices.filter { isSecond[$0] == side }
      return members.isEmpty ? all : points.selecting(rows: members).meanRow()
    }
  }

  private static func squaredDistance(_ point: ArraySlice<Double>, _ mean: [Double]) -> Double {
    var sum = 0.0
    for (value, other) in zip(point, mean) { sum += (value - other) * (value - other) }
    return sum
  }
}
