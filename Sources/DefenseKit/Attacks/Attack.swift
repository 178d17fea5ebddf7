/// A plugin that makes backdoored models: what defenses are tested against.
///
/// An attack says what its trigger is and how training images are poisoned with it; choosing,
/// training and judging are the same for all (``AttackExperiment``). An option that is the path of a
/// picture is called `image`; reports and trigger files have the picture's hash instead of the path. See
/// <doc:WritingAnAttack>.
public protocol Attack: Plugin {
  /// The share of images poisoned unless told otherwise, over 0 and up to 1.
  ///
  /// Of all training images, or, for an attack that keeps labels, of those of the target class.
  static var poisonRate: Double { get }

  /// Whether poisoned images keep their labels (a clean-label attack); false unless said otherwise.
  static var keepsLabels: Bool { get }

  /// Returns what the trigger does to an image.
  ///
  /// - Parameters:
  ///   - imageShape: `[height, width, channels]`.
  ///   - context: Its seed decides what is random about it: equal seeds give equal triggers; its
  ///     sandbox, how a picture that an option names is parsed.
  /// - Throws: ``PluginError`` with code `badOption` if it does not fit such images; `FileError` for a
  ///   picture that cannot be read.
  func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change

  /// Returns the training images with the poisoned among them, in their own order.
  ///
  /// By default the trigger is applied to the images that the task chooses, and their labels are
  /// what the attacker wants (or stay, where ``keepsLabels`` says so).
  ///
  /// - Throws: ``PluginError`` if so many images cannot be poisoned, `CancellationError` if the run is to
  ///   stop, and what the execution throws.
  func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning
}

extension Attack {
  /// An attack.
  public static var kind: PluginKind { .attack }
  /// The attack.
  public var byKind: PluginByKind { .attack(self) }
  /// Nothing: every attack is given what it poisons.
  public static var requirements: [PluginRequirement] { [] }

  /// By default labels are changed.
  public static var keepsLabels: Bool { false }

  /// Applies the trigger to the images that the task chooses.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    var result = Poisoning(of: task.images)
    for index in try task.selection().poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    return result
  }
}
