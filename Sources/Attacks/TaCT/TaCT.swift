public import DefenseKit

/// Stamps a patch on images of one source class and labels them with the target class; images of
/// cover classes get the patch too and keep their labels.
///
/// The trigger works for images of the source class only, so attack success is counted on these
/// alone. Defenses that assume that a trigger works for every image miss it. Published: class 1 to
/// class 0, cover classes 5 and 7, a rate and a cover rate of 0.003. By default the source is the
/// class after the target, and the cover classes are the fourth and the sixth after the source, or
/// the next ones that are neither; that gives the published classes. At least 10 images are
/// poisoned. The patch is a checkerboard in the lower right corner.
///
/// Source: Tang, Wang, Tang and Zhang, "Demon in the Variant: Statistical Analysis of DNNs for
/// Robust Backdoor Contamination Detection", USENIX Security 2021, section 4.
public struct TaCT: Attack {
  /// "tact".
  public static let name = "tact"
  /// One sentence for listings.
  public static let summary =
    "Stamps a patch that leads one source class to the target; cover classes keep their labels."
  /// Three of a thousand images.
  public static let poisonRate = 0.003
  /// Fewer images could not be learned.
  public static let leastPoisoned = 10

  /// The options of ``TaCT``.
  public struct Options: PluginOptions {
    /// The source class; nil is the class after the target.
    public var source: Int?
    /// The classes of the cover images; nil chooses two.
    public var coverClasses: [Int]?
    /// The number of cover images for each poisoned image, 0 to 1000.
    public var coverRatio = 1.0
    /// The side of the patch in pixels.
    public var size = 3

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("source", \.source, "Source class; auto: the class after the target."),
        PluginOption(
          "cover-classes", \.coverClasses,
          "Classes of the images that get the patch and keep their label; auto: two others."),
        PluginOption(
          "cover-ratio", \.coverRatio, "Number of such cover images for each poisoned image."),
        PluginOption("size", \.size, "Side of the patch in pixels."),
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
    func check(_ isGood: Bool, _ option: String, _ problem: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: Self.name, problem) }
    }
    try check(options.source ?? 0 >= 0, "source", "takes a class, counted from 0")
    if let classes = options.coverClasses {
      try check(
        !classes.isEmpty && classes.allSatisfy { $0 >= 0 } && Set(classes).count == classes.count,
        "cover-classes", "takes different classes, counted from 0, as in 5,7")
    }
    try check(
      (0...1000).contains(options.coverRatio), "cover-ratio",
      "takes a number from 0 to 1000, as in 1")
    try check((1...4096).contains(options.size), "size", "takes a number of pixels, as in 3")
    self.options = options
  }

  /// Returns the goal with the source class.
  ///
  /// - Throws: `PluginError` for all-to-all, a source that is no class or the target, or fewer than
  ///   three classes.
  public func goal(_ goal: AttackGoal) throws -> AttackGoal {
    guard goal.mode == .allToOne else {
      throw PluginError(
        .badOption, "leads one class to another, so it cannot attack all-to-all",
        about: .plugin(Self.name), remedies: [.omit("mode")])
    }
    guard goal.classCount >= 3 else {
      throw PluginError(
        .badOption, "needs a third class for cover images, but there are \(goal.classCount)",
        about: .plugin(Self.name), remedies: [.advice("give images of more classes")])
    }
    let source = options.source ?? (goal.target + 1) % goal.classCount
    guard source < goal.classCount, source != goal.target else {
      throw PluginError(
        option: "source", of: Self.name,
        "is \(source), but takes a class from 0 to \(goal.classCount - 1) that is not the target "
          + "\(goal.target)")
    }
    return try AttackGoal(target: goal.target, classCount: goal.classCount, source: source)
  }

  /// Returns the patch in the lower right corner.
  ///
  /// - Throws: `PluginError` if it does not fit the images.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    try PatternImage.checkerboard(
      height: options.size, width: options.size, channels: imageShape[2]
    ).overlay(in: .bottomRight, imageShape: imageShape, of: Self.name)
  }

  /// Stamps images of the source class, which get the target label, and of the cover classes.
  ///
  /// - Throws: `PluginError` if there are too few images, or for a cover class that is none;
  ///   `CancellationError`.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let goal = task.trigger.goal
    let classes = coverClasses(for: goal)
    if let bad = classes.first(where: {
      $0 >= goal.classCount || $0 == goal.source || $0 == goal.target
    }) {
      throw PluginError(
        option: "cover-classes", of: Self.name,
        "names \(bad), which is no class from 0 to \(goal.classCount - 1) besides the source and the "
          + "target")
    }
    let (poisoned, covers) = try task.selection(
      coversPerPoisoned: options.coverRatio, coverClasses: Set(classes))
    var result = Poisoning(of: task.images)
    for index in poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    for index in covers {
      try context.checkCancellation()
      result.cover(index, by: task.trigger.applied(to: task.images[index]))
    }
    return result
  }

  /// Returns the classes of the cover images.
  func coverClasses(for goal: AttackGoal) -> [Int] {
    if let classes = options.coverClasses { return classes }
    guard let source = goal.source else { return [] }
    var chosen: [Int] = []
    for offset in [4, 6] {
      let next = (0..<goal.classCount).map { (source + offset + $0) % goal.classCount }
      if let free = next.first(where: {
        $0 != source && $0 != goal.target && !chosen.contains($0)
      }) {
        chosen.append(free)
      }
    }
    return chosen
  }
}
