/// The cost of measuring a unit, which differs from run to run.
public struct UnitCost: Codable, Sendable, Hashable {
  /// The duration of the defense, which units of the same defense share, and of the evaluation, in
  /// seconds.
  public var seconds: Double
  /// The peak memory of the process during that time, in bytes.
  public var peakMemory: Int

  /// Creates a cost.
  public init(seconds: Double, peakMemory: Int) {
    self.seconds = seconds
    self.peakMemory = peakMemory
  }
}
