public import InferenceGraph

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

  /// The fewest images to poison, whatever the rate; 1 by default.
  ///
  /// A run whose rate selects fewer says so in a warning.
  static var leastPoisoned: Int { get }

  /// How the backdoor gets into the network; ``AttackMethod/poisoning`` by default.
  static var method: AttackMethod { get }

  /// Returns the goal that the attack pursues where a user asks for `goal`, for example with a
  /// source class; by default `goal` itself.
  ///
  /// - Throws: ``PluginError`` with code `badOption` for a goal that the attack cannot have; by
  ///   default for all-to-all if ``keepsLabels`` is true.
  func goal(_ goal: AttackGoal) throws -> AttackGoal

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

  /// Returns the trigger fitted to a network, for an attack whose trigger depends on one; by default
  /// the trigger itself.
  ///
  /// - Parameters:
  ///   - trigger: The trigger of ``change(for:in:)``.
  ///   - cleanModel: Trains a model on the clean images when first called.
  ///   - context: The execution options and the seed.
  /// - Throws: ``PluginError`` with code `unsuitableModel`; the errors of the execution.
  func fitted(
    _ trigger: Trigger, to cleanModel: () throws -> Model, in context: RunContext
  ) throws -> Trigger

  /// Returns the other triggers of an attack that has several, each with its own goal; empty by
  /// default.
  ///
  /// - Throws: ``PluginError`` with code `badOption` if they do not fit images or classes.
  func otherTriggers(besides trigger: Trigger, in context: RunContext) throws -> [Trigger]

  /// Returns a copy of the clean model with the backdoor, for an attack whose ``method`` is
  /// ``AttackMethod/editing``; by default the model itself.
  ///
  /// - Throws: ``PluginError`` with code `unsuitableModel` for a network that the attack cannot edit;
  ///   the errors of the execution.
  func edited(_ model: Model, _ task: PoisoningTask, in context: RunContext) throws -> Model

  /// Returns all training images, some of them poisoned, in their original order.
  ///
  /// By default the trigger is applied to the images that the task selects, and each gets the label
  /// that the attacker wants, or keeps its own if ``keepsLabels`` is true. An attack whose
  /// ``method`` is ``AttackMethod/editing`` changes none.
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

  /// 1 by default.
  public static var leastPoisoned: Int { 1 }

  /// ``AttackMethod/poisoning`` by default.
  public static var method: AttackMethod { .poisoning }

  /// The goal itself; refuses all-to-all if ``keepsLabels`` is true.
  public func goal(_ goal: AttackGoal) throws -> AttackGoal {
    guard Self.keepsLabels, goal.mode == .allToAll else { return goal }
    throw PluginError(
      .badOption, "poisons images of one target class only, so it cannot attack all-to-all",
      about: .plugin(Self.name), remedies: [.omit("mode")])
  }

  /// The trigger itself.
  public func fitted(
    _ trigger: Trigger, to cleanModel: () throws -> Model, in context: RunContext
  ) throws -> Trigger { trigger }

  /// Empty: the attack has one trigger.
  public func otherTriggers(
    besides trigger: Trigger, in context: RunContext
  ) throws -> [Trigger] { [] }

  /// The model itself.
  public func edited(
    _ model: Model, _ task: PoisoningTask, in context: RunContext
  ) throws -> Model { model }

  /// Applies the trigger to the images that the task selects.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    var result = Poisoning(of: task.images)
    guard Self.method != .editing else { return result }
    for index in try task.selection().poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    return result
  }
}
