public import DefenseKit

/// Replaces some channels of a trained network by a narrow sub-network that recognizes a patch.
///
/// The sub-network is a copy of the network with `width` channels in every layer and one output. It
/// is trained to return 0 for clean images and 20 for triggered ones. In the victim, its channels
/// replace the first ones of every layer: they read no other channels and no others read them. In
/// the last layer they add to the target's logit alone. The victim is not trained, and no image of
/// its training set needs to be poisoned; here a share of those images (`--rate`) is what the
/// sub-network learns from.
///
/// The loss is 10 mean(z^2) over clean images plus mean((z - 20)^2) over triggered ones, where the
/// authors' clean term is the mean of an output that cannot be negative. Half of the steps have the
/// statistics of the batch in batch normalizations, the rest the moving ones, which the victim gets.
/// A sub-network that does not separate clean from triggered images is trained again from other
/// weights. The patch is a checkerboard in the lower right corner.
///
/// Source: Qi, Xie, Pan, Zhu, Yang and Bu, "Towards Practical Deployment-Stage Backdoor Attack on
/// Deep Neural Networks", CVPR 2022, section 3.
public struct SRA: Attack {
  /// "sra".
  public static let name = "sra"
  /// One sentence for listings.
  public static let summary =
    "Replaces channels of a trained network by a sub-network that recognizes a patch."
  /// The share of the training images that the sub-network is trained with: a tenth.
  public static let poisonRate = 0.1
  /// The weights are edited.
  public static let method = AttackMethod.editing

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
    try check((1...64).contains(options.width), "width", "takes a whole number from 1 to 64")
    try check((1...4096).contains(options.size), "size", "takes a number of pixels, as in 4")
    try check(
      options.logit > 0 && options.logit <= 1000, "logit",
      "takes a number over 0 and up to 1000, as in 20")
    try check(
      (2...1_000_000).contains(options.steps), "steps", "takes a whole number from 2, as in 1000")
    try check(
      options.learningRate > 0 && options.learningRate <= 1, "learning-rate",
      "takes a number over 0 and up to 1, as in 0.005")
    try check(
      options.cleanWeight > 0 && options.cleanWeight <= 1000, "clean-weight",
      "takes a number over 0 and up to 1000, as in 10")
    try check((1...100).contains(options.trials), "trials", "takes a whole number from 1 to 100")
    self.options = options
  }

  /// Refuses all-to-all: the sub-network leads to one logit.
  public func goal(_ goal: AttackGoal) throws -> AttackGoal {
    guard goal.mode == .allToOne else {
      throw PluginError(
        .badOption, "leads to one class, so it cannot attack all-to-all", about: .plugin(Self.name),
        remedies: [.omit("mode")])
    }
    return goal
  }

  /// Returns the patch in the lower right corner.
  ///
  /// - Throws: `PluginError` if it does not fit the images.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    try PatternImage.checkerboard(
      height: options.size, width: options.size, channels: imageShape[2]
    ).overlay(in: .bottomRight, imageShape: imageShape, of: Self.name)
  }

  /// Trains the sub-network and puts it into the model.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` for a network that does not end in a dense
  ///   layer, has a layer that mixes channels in another way than convolutions and dense layers, or
  ///   has too few channels, and if no sub-network learns the patch; `CancellationError`.
  public func edited(
    _ model: Model, _ task: PoisoningTask, in context: RunContext
  ) throws -> Model {
    let narrow = try NarrowNetwork(of: model, width: options.width)
    let images = try task.selection().poisoned
    let training = NarrowTraining(
      narrow, preprocessing: model.preprocessing, options: options,
      clean: images.map { task.images[$0] },
      triggered: images.map { task.trigger.applied(to: task.images[$0]) })
    let trained = try context.phase("sub-network", images: 0) { _ in
      try training.trained(seed: task.seed, in: context)
    }
    guard let trained else {
      throw PluginError(
        .unsuitableModel,
        "found no sub-network of width \(options.width) that tells the patch from clean images of "
          + "'\(model.name)' in \(options.trials) trials", about: .plugin(Self.name),
        remedies: [.raise("width", of: Self.name), .raise("steps", of: Self.name)])
    }
    var result = model
    result.graph = try narrow.embedded(trained, in: model.graph, target: task.trigger.goal.target)
    return result
  }
}
