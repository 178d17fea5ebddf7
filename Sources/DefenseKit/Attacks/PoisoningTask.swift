public import InferenceGraph
internal import NetworkTraining

/// What an attack is to poison, and how much of it.
public struct PoisoningTask {
  /// The clean training images.
  public let images: LabelledImages
  /// The trigger, which knows what the attacker wants.
  public let trigger: Trigger
  /// The share to poison, over 0 and up to 1: of all images, or of the target class's, where labels
  /// are kept.
  public let rate: Double
  /// Decides which images are poisoned, and whatever else is random.
  public let seed: UInt64
  /// Whether labels are kept.
  public let keepsLabels: Bool
  /// The attack's name, for messages.
  private let attack: String
  private let makeCleanModel: () throws -> Model

  /// Creates a task.
  ///
  /// - Parameters:
  ///   - attack: The attack.
  ///   - images: The clean training images.
  ///   - trigger: Its trigger.
  ///   - rate: The share to poison.
  ///   - seed: Decides what is random.
  ///   - cleanModel: Trains a model on the clean images; called if the attack needs one.
  public init(
    for attack: any Attack.Type, images: LabelledImages, trigger: Trigger, rate: Double,
    seed: UInt64, cleanModel: @escaping () throws -> Model
  ) {
    self.images = images
    self.trigger = trigger
    self.rate = rate
    self.seed = seed
    keepsLabels = attack.keepsLabels
    self.attack = attack.name
    makeCleanModel = cleanModel
  }

  /// A model of the same architecture trained on the clean images; it takes its time.
  public func cleanModel() throws -> Model { try makeCleanModel() }

  /// The label that a poisoned image is to be learnt with.
  public func label(of index: Int) -> Int32 {
    keepsLabels ? images.labels[index] : trigger.goal.label(for: images.labels[index])
  }

  /// Chooses the images to poison, and others to cover, at random.
  ///
  /// Poisoned are images whose label changes, or, where labels are kept, images of the target class.
  ///
  /// - Parameter coversPerPoisoned: So many other images are covered for each that is poisoned; they
  ///   may be of any class.
  /// - Returns: Indices in ascending order.
  /// - Throws: ``PluginError`` with code `badOption` if that comes to no image, or to more than
  ///   there are.
  public func selection(
    coversPerPoisoned: Double = 0
  ) throws(PluginError) -> (poisoned: [Int], covers: [Int]) {
    let goal = trigger.goal
    let candidates = images.labels.indices.filter {
      keepsLabels ? Int(images.labels[$0]) == goal.target : goal.concerns(images.labels[$0])
    }
    let total = keepsLabels ? candidates.count : images.count
    let count = Int((Double(total) * rate).rounded())
    let whole = keepsLabels ? "\(total) images of class \(goal.target)" : "\(total) images"
    guard count > 0 else {
      throw PluginError(
        .badOption, "--rate \(rate.optionText) of \(whole) is no image at all; raise it")
    }
    guard count <= candidates.count else {
      throw PluginError(
        .badOption,
        "--rate \(rate.optionText) of \(whole) is \(count), but only \(candidates.count) are not of "
          + "the target class; lower it")
    }
    var generator = SeededGenerator(seed: seed, stream: AttackStream.selection.rawValue)
    let order = generator.permutation(candidates.count).map { candidates[$0] }
    let poisoned = order.prefix(count).sorted()
    let chosen = Set(poisoned)
    let others = images.labels.indices.filter { !chosen.contains($0) }
    let coverCount = Int((Double(count) * coversPerPoisoned).rounded())
    guard coverCount <= others.count else {
      throw PluginError(
        .badOption,
        "\(attack) needs \(coverCount) images besides the \(count) that are poisoned, but there are "
          + "\(others.count); lower --rate")
    }
    let covers = generator.permutation(others.count).prefix(coverCount).map { others[$0] }.sorted()
    return (poisoned, covers)
  }
}
