internal import ModelIO

/// What the attacker wants triggered images to be classified as.
public struct AttackGoal: Sendable, Hashable {
  /// Which class a triggered image is to get.
  public enum Mode: String, Sendable, CaseIterable, OptionValue {
    /// All get the target class.
    case allToOne = "all-to-one"
    /// An image of class y gets class y + 1, the last class the first.
    case allToAll = "all-to-all"
  }

  /// Which class a triggered image is to get.
  public let mode: Mode
  /// The target class; it has no meaning for all-to-all.
  public let target: Int
  /// The number of classes.
  public let classCount: Int

  /// Creates a goal.
  ///
  /// - Throws: ``PluginError`` with code `badOption` for fewer than two classes, more than 2^20, or a
  ///   target that is none of them.
  public init(_ mode: Mode = .allToOne, target: Int, classCount: Int) throws(PluginError) {
    guard classCount >= 2 else {
      throw PluginError(
        .badOption, "images of \(classCount) class cannot be attacked; give images of at least two")
    }
    guard classCount <= DataSet.largestClassCount else {
      throw PluginError(
        .badOption,
        "\(classCount) classes are more than the \(DataSet.largestClassCount) that a network may have; "
          + "give fewer")
    }
    guard (0..<classCount).contains(target) else {
      throw PluginError(
        .badOption,
        "--target \(target) is none of the \(classCount) classes, which are 0 to \(classCount - 1)")
    }
    self.mode = mode
    self.target = target
    self.classCount = classCount
  }

  /// The class that a triggered image of this class is to get.
  public func label(for trueClass: Int32) -> Int32 {
    switch mode {
    case .allToOne: Int32(target)
    case .allToAll: (trueClass + 1) % Int32(classCount)
    }
  }

  /// Whether a trigger on an image of this class has anything to change.
  public func concerns(_ trueClass: Int32) -> Bool { label(for: trueClass) != trueClass }
}
