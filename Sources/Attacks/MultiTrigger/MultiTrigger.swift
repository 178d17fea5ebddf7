public import DefenseKit

/// Stamps one of several patches on images, each with a target class of its own.
///
/// Patch k is in the k-th corner: lower right, upper left, upper right, lower left. Its target is
/// the k-th class from the target class on, or the target class for all patches. The poisoned
/// images are dealt out to the patches in turn. Attack success is reported for each patch by
/// itself.
///
/// The setting is that of attacks with several targets, "N-to-N" in Xue, He, Wang and Liu, "One-to-N
/// & N-to-One: Two Advanced Backdoor Attacks against Deep Learning Models", IEEE TDSC 2022.
public struct MultiTrigger: Attack {
  /// "multi-trigger".
  public static let name = "multi-trigger"
  /// One sentence for listings.
  public static let summary = "Stamps one of several patches, each with a target class of its own."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The target classes of the patches.
  public enum Targets: String, Sendable, CaseIterable, OptionValue {
    /// The classes from the target class on, one for each patch.
    case each
    /// The target class for all patches.
    case one
  }

  /// The options of ``MultiTrigger``.
  public struct Options: PluginOptions {
    /// The number of patches, 2 to 4.
    public var count = 3
    /// The side of a patch in pixels.
    public var size = 3
    /// The target classes of the patches.
    public var targets = Targets.each

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("count", \.count, "Number of patches, 2 to 4, each in another corner."),
        PluginOption("size", \.size, "Side of a patch in pixels."),
        PluginOption(
          "targets", \.targets,
          "Target classes: from the target class on, one for each patch, or one for all."),
      ]
    }
  }

  /// The options of this attack.
  public let options: Options

  /// Creates the attack with all defaults.
  public init() { options = Options() }

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` for an option out of range.
  public init(options: Options) throws(PluginError) {
    guard (2...4).contains(options.count) else {
      throw PluginError(option: "count", of: Self.name, "takes a whole number from 2 to 4")
    }
    guard (1...4096).contains(options.size) else {
      throw PluginError(option: "size", of: Self.name, "takes a number of pixels, as in 3")
    }
    self.options = options
  }

  /// Returns the goal of the first patch.
  ///
  /// - Throws: `PluginError` for all-to-all, or for fewer classes than patches with targets of their
  ///   own.
  public func goal(_ goal: AttackGoal) throws -> AttackGoal {
    guard goal.mode == .allToOne else {
      throw PluginError(
        .badOption, "leads each trigger to one class, so it cannot attack all-to-all",
        about: .plugin(Self.name), remedies: [.omit("mode")])
    }
    guard options.targets == .one || options.count <= goal.classCount else {
      throw PluginError(
        option: "count", of: Self.name,
        "is \(options.count), more than the \(goal.classCount) classes",
        remedies: [.lower("count", of: Self.name)])
    }
    return goal
  }

  /// Returns the first patch, in the lower right corner.
  ///
  /// - Throws: `PluginError` if the patches do not fit the images or overlap.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    let side = min(imageShape[0], imageShape[1])
    guard 2 * options.size <= side else {
      throw PluginError(
        option: "size", of: Self.name,
        "is \(options.size), so that patches overlap in images of \(imageShape[0])x\(imageShape[1])",
        remedies: [.lower("size", of: Self.name)])
    }
    return try patch(0, imageShape)
  }

  private func patch(_ number: Int, _ imageShape: [Int]) throws(PluginError) -> Trigger.Change {
    try PatternImage.checkerboard(
      height: options.size, width: options.size, channels: imageShape[2]
    ).overlay(
      in: PatternImage.Corner.allCases[number], imageShape: imageShape, of: Self.name)
  }

  /// Returns the other patches, each with its target.
  public func otherTriggers(
    besides trigger: Trigger, in context: RunContext
  ) throws -> [Trigger] {
    let goal = trigger.goal
    return try (1..<options.count).map { number in
      let target =
        options.targets == .one ? goal.target : (goal.target + number) % goal.classCount
      return try Trigger(
        patch(number, trigger.imageShape), imageShape: trigger.imageShape,
        goal: AttackGoal(target: target, classCount: goal.classCount), attack: Self.name,
        seed: trigger.seed, options: trigger.options)
    }
  }

  /// Stamps the chosen images, each with the next patch whose target is not the image's class.
  ///
  /// - Throws: `PluginError` if there are too few images; `CancellationError`.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let triggers = [task.trigger] + task.otherTriggers
    var result = Poisoning(of: task.images)
    for (turn, index) in try task.selection().poisoned.enumerated() {
      try context.checkCancellation()
      let label = task.images.labels[index]
      let order = (0..<triggers.count).map { triggers[(turn + $0) % triggers.count] }
      guard let trigger = order.first(where: { $0.goal.affects(label) }) else { continue }
      result.poison(index, with: trigger, label: trigger.goal.label(for: label))
    }
    return result
  }
}
