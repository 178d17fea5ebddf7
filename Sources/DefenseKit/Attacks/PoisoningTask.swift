public import InferenceGraph
internal import NetworkTraining

/// The images for an attack to poison, and how many of them.
public struct PoisoningTask {
  /// The clean training images.
  public let images: LabelledImages
  /// The trigger, with the attacker's goal.
  public let trigger: Trigger
  /// The other triggers of an attack that has several, each with its own goal.
  public let otherTriggers: [Trigger]
  /// The poisoning rate, over 0 and up to 1: of all images, or of the target class's if labels are
  /// kept.
  public let rate: Double
  /// The seed of the choice of images and of all other random choices.
  public let seed: UInt64
  /// Whether poisoned images keep their labels.
  public let keepsLabels: Bool
  /// The attack's name, for messages.
  private let attack: String
  private let leastPoisoned: Int
  private let makeCleanModel: () throws -> Model

  /// Creates a task.
  ///
  /// - Parameters:
  ///   - attack: The type of the attack.
  ///   - images: The clean training images.
  ///   - trigger: The attack's trigger.
  ///   - otherTriggers: The attack's other triggers.
  ///   - rate: The poisoning rate.
  ///   - seed: The seed of all random choices.
  ///   - cleanModel: Trains a model on the clean images; called if the attack needs one.
  public init(
    for attack: any Attack.Type, images: LabelledImages, trigger: Trigger,
    otherTriggers: [Trigger] = [], rate: Double, seed: UInt64,
    cleanModel: @escaping () throws -> Model
  ) {
    self.images = images
    self.trigger = trigger
    self.otherTriggers = otherTriggers
    self.rate = rate
    self.seed = seed
    keepsLabels = attack.keepsLabels
    self.attack = attack.name
    leastPoisoned = attack.leastPoisoned
    makeCleanModel = cleanModel
  }

  /// Returns a model of the same architecture trained on the clean images.
  ///
  /// It may have to be trained first, which takes as long as the attack's own training.
  public func cleanModel() throws -> Model { try makeCleanModel() }

  /// Returns the label that a poisoned image has in training.
  public func label(of index: Int) -> Int32 {
    keepsLabels ? images.labels[index] : trigger.goal.label(for: images.labels[index])
  }

  /// Selects the images to poison, and cover images, at random.
  ///
  /// The images to poison are ones whose label a trigger changes or, if labels are kept, images of
  /// the target class. At least ``Attack/leastPoisoned`` are selected, as far as there are so many.
  ///
  /// - Parameters:
  ///   - coversPerPoisoned: The number of cover images for each poisoned image.
  ///   - coverClasses: The classes of the cover images; nil: any.
  /// - Returns: Positions in ascending order.
  /// - Throws: ``PluginError`` with code `badOption` if the rate selects no image, or more than
  ///   there are.
  public func selection(
    coversPerPoisoned: Double = 0, coverClasses: Set<Int>? = nil
  ) throws(PluginError) -> (poisoned: [Int], covers: [Int]) {
    let goal = trigger.goal
    let goals = [goal] + otherTriggers.map(\.goal)
    let candidates = images.labels.indices.filter { index in
      let label = images.labels[index]
      return keepsLabels ? Int(label) == goal.target : goals.contains { $0.affects(label) }
    }
    let total = keepsLabels ? candidates.count : images.count
    let share = Int((Double(total) * rate).rounded())
    let count = leastPoisoned > 1 ? max(share, min(leastPoisoned, candidates.count)) : share
    let whole = keepsLabels ? "\(total) images of class \(goal.target)" : "\(total) images"
    guard count > 0 else {
      throw PluginError(
        .badOption, "of \(rate.optionText) selects none of \(whole)", about: .option("rate"),
        remedies: [.raise("rate")])
    }
    guard count <= candidates.count else {
      let which = goal.source.map { "of class \($0)" } ?? "not of the target class"
      throw PluginError(
        .badOption,
        "of \(rate.optionText) selects \(count) of \(whole), but only \(candidates.count) are "
          + which, about: .option("rate"), remedies: [.lower("rate")])
    }
    var generator = SeededGenerator(seed: seed, stream: AttackStream.selection.rawValue)
    let order = generator.permutation(candidates.count).map { candidates[$0] }
    let poisoned = order.prefix(count).sorted()
    let chosen = Set(poisoned)
    let others = images.labels.indices.filter {
      !chosen.contains($0) && (coverClasses?.contains(Int(images.labels[$0])) ?? true)
    }
    let coverCount = Int((Double(count) * coversPerPoisoned).rounded())
    guard coverCount <= others.count else {
      let classes = coverClasses.map { $0.sorted().map(String.init).joined(separator: " or ") }
      throw PluginError(
        .badOption,
        "needs \(coverCount) images \(classes.map { "of class \($0) " } ?? "")besides the \(count) "
          + "poisoned ones, but there are \(others.count)", about: .plugin(attack),
        remedies: [.lower("rate")])
    }
    let covers = generator.permutation(others.count).prefix(coverCount).map { others[$0] }.sorted()
    return (poisoned, covers)
  }
}
