public import NetworkTraining

extension Trigger {
  /// Creates a trigger from a mask and a pattern that a model scanner found.
  ///
  /// - Parameters:
  ///   - found: A mask with values 0...1 and a pattern with values in `range`. Channels share the
  ///     mask.
  ///   - range: The range of the images' values, which becomes 0...255; see
  ///     ``CleanData/valueRange()``.
  ///   - target: The class that the trigger leads to.
  ///   - classCount: The number of classes.
  ///   - scanner: The name of the scanner, which becomes the trigger's ``attack``.
  ///   - seed: The seed of the search.
  /// - Throws: ``DataError`` or ``PluginError`` for values or a class out of range.
  public init(
    _ found: MaskedPattern, range: ClosedRange<Float>, target: Int, classCount: Int,
    scanner: String, seed: UInt64
  ) throws {
    let extent = range.upperBound - range.lowerBound
    precondition(extent > 0, "images of one value, \(range.lowerBound)")
    try self.init(
      .overlay(
        pattern: found.pattern.map { max(0, min(255, ($0 - range.lowerBound) / extent * 255)) },
        alpha: found.mask),
      imageShape: found.imageShape, goal: AttackGoal(target: target, classCount: classCount),
      attack: scanner, seed: seed)
  }
}
