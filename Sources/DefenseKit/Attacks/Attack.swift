/// A plugin that makes backdoored models, which defenses are tested against.
///
/// An attack defines its trigger and how training images are poisoned with it. Choosing the images,
/// training and evaluation are the same for all attacks (``AttackExperiment``). If an option is the
/// path of a picture, its name must be `image`; reports and trigger files contain the picture's
/// hash instead of the path. See <doc:WritingAnAttack>.
public protocol Attack: Plugin {
  /// The default poisoning rate, over 0 and up to 1.
  ///
  /// It is a share of all training images or, for an attack that keeps labels, of those of the
  /// target class.
  static var poisonRate: Double { get }

  /// Whether poisoned images keep their labels (a clean-label attack); false by default.
  static var keepsLabels: Bool { get }

  /// Returns the change that the trigger makes to an image.
  ///
  /// - Parameters:
  ///   - imageShape: `[height, width, channels]`.
  ///   - context: The seed of all random choices (equal seeds give equal triggers), and the sandbox
  ///     that parses a picture named by an option.
  /// - Throws: ``PluginError`` with code `badOption` if the trigger does not fit such images;
  ///   `FileError` for a picture that cannot be read.
  func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change

  /// Returns all training images, some of them poisoned, in their original order.
  ///
  /// By default the trigger is applied to the images that the task selects, and each gets the label
  /// that the attacker wants, or keeps its own if ``keepsLabels`` is true.
  ///
  /// - Throws: ``PluginError`` if the images cannot be poisoned at this rate, `CancellationError`
  ///   if the run is cancelled, and the errors of the execution.
  func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning
}

extension Attack {
  /// ``PluginKind/attack``.
  public static var kind: PluginKind { .attack }
  /// The attack itself.
  public var byKind: PluginByKind { .attack(self) }
  /// Empty: every attack receives the images that it poisons.
  public static var requirements: [PluginRequirement] { [] }

  /// False by default: poisoned images get the attacker's label.
  public static var keepsLabels: Bool { false }

  /// Applies the trigger to the images that the task selects.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    var result = Poisoning(of: task.images)
    for index in try task.selection().poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    return result
  }
}
