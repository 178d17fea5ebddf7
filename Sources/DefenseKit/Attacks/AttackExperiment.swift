public import InferenceGraph
public import NetworkTraining
internal import ModelIO

/// The making of a backdoored model by an attack, and its evaluation.
///
/// ```swift
/// let experiment = try AttackExperiment(
///   BadNets(), train: images, test: others, goal: AttackGoal(target: 0, classCount: 10),
///   architecture: Architecture(named: "small-cnn"))
/// let outcome = try experiment.run()
/// ```
public struct AttackExperiment: Sendable {
  /// The attack.
  public let attack: any Attack
  /// The clean training images.
  public let train: LabelledImages
  /// The clean test images to evaluate the model on.
  public let test: LabelledImages
  /// The trigger that the attack made, before it is fitted to a network; see
  /// ``AttackOutcome/trigger``.
  public let trigger: Trigger
  /// The other triggers of an attack that has several.
  public let otherTriggers: [Trigger]
  /// The poisoning rate; see ``Attack/poisonRate``.
  public let rate: Double
  /// The execution options and the seed, which decides the trigger, the choice of images, the
  /// initial weights and the training.
  public let context: RunContext
  /// The network with its initial weights.
  public let initialModel: Model
  /// The factor that the network multiplies the images' bytes by.
  public let inputScale: Float
  /// The training options, with the context's seed.
  public let options: TrainingOptions
  /// The share of the clean training images that the defender receives.
  public let cleanShare: Double

  /// Prepares an attack: checks all arguments before training, and makes the trigger.
  ///
  /// - Parameters:
  ///   - attack: The attack.
  ///   - train: The clean training images; every class needs at least one.
  ///   - test: The clean test images, of the same shape.
  ///   - goal: The classification that the attacker wants.
  ///   - rate: The poisoning rate; nil: the attack's default.
  ///   - architecture: The network to train.
  ///   - inputScale: The factor that the network multiplies the images' bytes by; nil:
  ///     ``Architecture/byteScale``.
  ///   - options: The training options; their seed is replaced.
  ///   - cleanShare: The share of the clean training images that the defender receives, over 0 and
  ///     up to 1.
  ///   - context: The execution options, and the receiver of progress, warnings and costs; equal
  ///     seeds give equal results.
  /// - Throws: ``DataError`` for images that do not match or a class without images;
  ///   ``PluginError`` for a share out of range or a trigger that does not fit the images;
  ///   `TrainingError` for a number of epochs out of range; `GraphError` if the architecture does
  ///   not fit the images.
  public init(
    _ attack: any Attack, train: LabelledImages, test: LabelledImages, goal: AttackGoal,
    rate: Double? = nil, architecture: Architecture, inputScale: Float? = nil,
    options: TrainingOptions = TrainingOptions(), cleanShare: Double = 0.05,
    in context: RunContext = RunContext()
  ) throws {
    let kind = type(of: attack)
    self.attack = attack
    self.train = train
    self.test = test
    self.rate = rate ?? kind.poisonRate
    self.context = context
    self.inputScale = inputScale ?? architecture.byteScale
    self.cleanShare = cleanShare
    self.options = options.seeded(context.seed)
    for (option, share) in [("rate", self.rate), ("cleanShare", cleanShare)]
    where !(share > 0 && share <= 1) {
      throw PluginError(
        .badOption, "takes a share over 0 and up to 1, not \(share.optionText)",
        about: .option(option))
    }
    // Training checks this and all other options again; this check keeps products within bounds.
    guard (1...1_000_000).contains(options.epochs) else {
      throw TrainingError(
        "is \(options.epochs), but takes an integer from 1 to 1,000,000", about: .option("epochs"))
    }
    let goal = try attack.goal(goal)
    try Self.check(train, test, goal)
    trigger = try Trigger(
      of: attack, imageShape: train.imageShape, goal: goal, in: context)
    otherTriggers = try attack.otherTriggers(besides: trigger, in: context)
    initialModel = try architecture.model(
      imageShape: train.imageShape, classCount: goal.classCount,
      inputScale: self.inputScale, seed: context.seed)
  }

  private static func check(
    _ train: LabelledImages, _ test: LabelledImages, _ goal: AttackGoal
  ) throws(DataError) {
    guard test.imageShape == train.imageShape else {
      throw DataError(
        "its images have shape \(test.imageShape), but the training images "
          + "\(train.imageShape)", about: .dataSet(test.name),
        remedies: [.advice("give images of one shape")])
    }
    for set in [train, test] {
      if let label = set.labels.first(where: { $0 < 0 || Int($0) >= goal.classCount }) {
        throw DataError(
          "label \(label) is not one of the \(goal.classCount) classes, counted from 0",
          about: .dataSet(set.name),
          remedies: [.advice("leave such images out"), .advice("use more classes")])
      }
    }
    let missing = train.trainingSet.missingClasses(of: goal.classCount)
    if let first = missing.first {
      throw DataError(
        "no image is of class \(first)"
          + (missing.count == 1 ? "" : ", nor of \(missing.count - 1) others") + "; training needs "
          + "images of each of the \(goal.classCount) classes", about: .dataSet(train.name))
    }
  }

  /// The seed of all random choices.
  public var seed: UInt64 { context.seed }

  /// The positions of the clean training images that the defender receives, ascending.
  public var cleanSample: [Int] {
    var generator = SeededGenerator(seed: seed, stream: AttackStream.cleanSample.rawValue)
    let count = max(1, Int((Double(train.count) * cleanShare).rounded()))
    return generator.permutation(train.count).prefix(count).sorted()
  }
}

extension TrainingOptions {
  fileprivate func seeded(_ seed: UInt64) -> TrainingOptions {
    var result = self
    result.seed = seed
    return result
  }
}
