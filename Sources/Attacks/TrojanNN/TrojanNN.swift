public import DefenseKit

/// Optimizes a patch that excites one neuron of a clean network, then trains the network on with
/// patched images.
///
/// The neuron is the channel of one layer with the largest sum of absolute incoming weights among
/// those that the patch reaches. The pixels of the patch, on a black image, start as random bytes
/// and move by the sign of the gradient until the neuron has the wanted value, or for all steps.
/// Then the clean network is trained on images of which a tenth carries the patch and the target
/// label. The trigger belongs to the network; it is stored like any other.
///
/// For a convolution, the neuron's value is the mean over its positions. The authors recover
/// training images by inversion; here the attacker has those that the network was trained on.
/// Steps are those of projected gradient ascent with a length of a tenth of the value range, as in
/// TrojanZoo, and are halved when they overshoot.
///
/// Source: Liu, Ma, Aafer, Lee, Zhai, Wang and Zhang, "Trojaning Attack on Neural Networks", NDSS
/// 2018, section 4, algorithm 1.
public struct TrojanNN: Attack {
  /// "trojan-nn".
  public static let name = "trojan-nn"
  /// One sentence for listings.
  public static let summary =
    "Optimizes a patch that excites a neuron of a clean network, then trains that on."
  /// A tenth of all images.
  public static let poisonRate = 0.1
  /// The clean network is trained on.
  public static let method = AttackMethod.retraining

  /// The options of ``TrojanNN``.
  public struct Options: PluginOptions {
    /// The layer of the neuron; nil is the last one before the classifier.
    public var layer: String?
    /// The side of the patch in pixels.
    public var size = 5
    /// The wanted value of the neuron, over 0.
    public var value = 100.0
    /// The number of steps, 1 to 100,000.
    public var steps = 1000
    /// The length of a step, as a share of 255, over 0 and up to 1.
    public var step = 0.1
    /// The largest distance from the wanted value at which the search ends, 0 or more.
    public var tolerance = 0.001

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "layer", \.layer, "Layer of the neuron; auto: the last one before the classifier."),
        PluginOption("size", \.size, "Side of the patch in pixels."),
        PluginOption("value", \.value, "Wanted value of the neuron, over 0."),
        PluginOption("steps", \.steps, "Steps of the search for the patch."),
        PluginOption("step", \.step, "Length of a step, over 0 and up to 1 (of 255)."),
        PluginOption(
          "tolerance", \.tolerance, "Distance from the wanted value at which the search ends."),
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
    try check((1...4096).contains(options.size), "size", "takes a number of pixels, as in 5")
    try check(options.value > 0, "value", "takes a number over 0, as in 100")
    try check((1...100_000).contains(options.steps), "steps", "takes a number from 1 to 100000")
    try check(
      options.step > 0 && options.step <= 1, "step", "takes a number over 0 and up to 1, as in 0.1")
    try check(options.tolerance >= 0, "tolerance", "takes a number from 0 up, as in 0.001")
    self.options = options
  }

  /// Returns the patch before the search: random bytes in the lower right corner.
  ///
  /// - Throws: `PluginError` if it does not fit the images.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    var generator = SeededGenerator(seed: context.seed, stream: 0x7404A)
    return try PatternImage.noise(
      height: options.size, width: options.size, channels: imageShape[2], &generator
    ).overlay(in: .bottomRight, imageShape: imageShape, of: Self.name)
  }

  /// Returns the trigger with the patch that excites a neuron of the clean model.
  ///
  /// - Throws: `PluginError` with code `unsuitableModel` if there is no such layer, or if the patch
  ///   reaches none of its neurons; `CancellationError`.
  public func fitted(
    _ trigger: Trigger, to cleanModel: () throws -> Model, in context: RunContext
  ) throws -> Trigger {
    guard case .overlay(let pattern, let alpha) = trigger.change else { return trigger }
    let model = try cleanModel()
    let layer = try layer(of: model)
    let ascent = try NeuronAscent(
      on: model, layer: layer, mask: alpha, options: options, execution: context.execution)
    guard let patch = try ascent.patch(from: pattern) else {
      throw PluginError(
        .unsuitableModel, "found no neuron of '\(layer)' that the patch can excite",
        about: .plugin(Self.name),
        remedies: [.raise("size", of: Self.name), .check("layer", of: Self.name)])
    }
    return try Trigger(
      .overlay(pattern: patch, alpha: alpha), imageShape: trigger.imageShape, goal: trigger.goal,
      attack: trigger.attack, seed: trigger.seed, options: trigger.options)
  }

  /// Returns the layer of the neuron.
  private func layer(of model: Model) throws(PluginError) -> String {
    let nodes = model.graph.nodes
    let layers = nodes.indices.filter { nodes[$0].operation.channelKernel != nil }
    // The last layer has the classes.
    let hidden = layers.dropLast().map { nodes[$0].name }
    guard let name = options.layer ?? hidden.last else {
      throw PluginError(
        .unsuitableModel, "needs a layer before the classifier, which '\(model.name)' lacks",
        about: .plugin(Self.name), remedies: [.advice("give a deeper network")])
    }
    guard hidden.contains(name) else {
      throw PluginError(
        .unsuitableModel,
        "finds no layer '\(name)' with channels of its own before the classifier of "
          + "'\(model.name)'; its layers are \(hidden.joined(separator: ", "))",
        about: .plugin(Self.name), remedies: [.omit("layer", of: Self.name)])
    }
    return name
  }
}
