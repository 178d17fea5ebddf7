internal import InferenceGraph
internal import ModelIO

/// The classification of triggered images that the attacker wants.
public struct AttackGoal: Sendable, Hashable {
  /// The rule that assigns a class to a triggered image.
  public enum Mode: String, Sendable, CaseIterable, OptionValue {
    /// Every image gets the target class.
    case allToOne = "all-to-one"
    /// An image of class y gets class y + 1, and an image of the last class gets class 0.
    case allToAll = "all-to-all"
  }

  /// The rule that assigns a class to a triggered image.
  public let mode: Mode
  /// The target class, counted from 0; unused if the mode is all-to-all.
  public let target: Int
  /// The number of classes.
  public let classCount: Int
  /// The only class whose images the trigger should change; nil: all classes.
  public let source: Int?

  /// Creates a goal.
  ///
  /// - Throws: ``PluginError`` with code `badOption` for fewer than two classes, more than 2^20, a
  ///   target or source outside of them, or a source that is the target or of an all-to-all attack.
  public init(
    _ mode: Mode = .allToOne, target: Int, classCount: Int, source: Int? = nil
  ) throws(PluginError) {
    guard classCount >= 2 else {
      throw PluginError(
        .badOption, "images of \(classCount) class cannot be attacked",
        remedies: [.advice("give images of at least two classes")])
    }
    guard classCount <= DataSet.largestClassCount else {
      throw PluginError(
        .badOption,
        "\(classCount) classes are more than a network may have (\(DataSet.largestClassCount))",
        remedies: [.advice("give fewer")])
    }
    guard (0..<classCount).contains(target) else {
      throw PluginError(
        .badOption, "takes a class from 0 to \(classCount - 1), not \(target)",
        about: .option("target"))
    }
    if let source {
      guard mode == .allToOne, (0..<classCount).contains(source), source != target else {
        throw PluginError(
          .badOption,
          "class \(source) cannot be the source of an attack that is \(mode.rawValue), with target "
            + "\(target) of \(classCount) classes",
          remedies: [.advice("give another class, and one target class")])
      }
    }
    self.mode = mode
    self.target = target
    self.classCount = classCount
    self.source = source
  }

  /// Returns the class that a triggered image of this class should get.
  public func label(for trueClass: Int32) -> Int32 {
    if let source, Int(trueClass) != source { return trueClass }
    return switch mode {
    case .allToOne: Int32(target)
    case .allToAll: (trueClass + 1) % Int32(classCount)
    }
  }

  /// Whether the goal changes the class of a triggered image of this class.
  public func affects(_ trueClass: Int32) -> Bool { label(for: trueClass) != trueClass }
}
