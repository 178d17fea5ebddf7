/// What a unit took; it differs from run to run.
public struct UnitCost: Codable, Sendable, Hashable {
  /// The seconds of the defense, which units of the same defense share, and of the evaluation.
  public var seconds: Double
  /// The most memory that the process held meanwhile, in bytes.
  public var peakMemory: Int

  /// Creates a cost.
  public init(seconds: Double, peakMemory: Int) {
    self.seconds = seconds
    self.peakMemory = peakMemory
  }
}
