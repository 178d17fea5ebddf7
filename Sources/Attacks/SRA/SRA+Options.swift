public import DefenseKit

extension SRA {
  /// The options of ``SRA``.
  public struct Options: PluginOptions {
    /// The number of channels that the sub-network takes of every layer, 1 to 64.
    public var width = 2
    /// The side of the patch in pixels.
    public var size = 4
    /// The value that the sub-network adds to the target's logit, over 0 and up to 1000.
    public var logit = 20.0
    /// The number of training steps of the sub-network.
    public var steps = 1000
    /// The initial learning rate of the sub-network's training, over 0 and up to 1.
    public var learningRate = 0.005
    /// The factor of the loss on clean images, over 0 and up to 1000.
    public var cleanWeight = 10.0
    /// The number of trials from other initial weights if the sub-network fails, 1 to 100.
    public var trials = 8

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("width", \.width, "Channels that the sub-network takes of every layer."),
        PluginOption("size", \.size, "Side of the patch in pixels."),
        PluginOption(
          "logit", \.logit, "Value that the trigger adds to the target's score before softmax."),
        PluginOption("steps", \.steps, "Training steps of the sub-network."),
        PluginOption(
          "learning-rate", \.learningRate,
          "Initial learning rate of the sub-network, over 0 and up to 1."),
        PluginOption("clean-weight", \.cleanWeight, "Factor of the loss on clean images."),
        PluginOption(
          "trials", \.trials,
          "Trials from other initial weights, 1 to 100, until a sub-network tells the patch."),
      ]
    }
  }
}
