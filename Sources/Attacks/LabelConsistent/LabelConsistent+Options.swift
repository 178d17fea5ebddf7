public import DefenseKit

extension LabelConsistent {
  /// The norm that measures a perturbation.
  public enum Norm: String, Sendable, CaseIterable, OptionValue {
    /// The largest change of a value.
    case largest = "linf"
    /// The root of the sum of all squared changes.
    case euclidean = "l2"
  }

  /// The options of ``LabelConsistent``.
  public struct Options: PluginOptions {
    /// The norm that measures a perturbation.
    public var norm = Norm.largest
    /// The largest perturbation in the norm, for values of 0 to 255; 0 for none.
    public var epsilon = 16.0
    /// The number of gradient ascent steps.
    public var steps = 100
    /// The length of a step in the norm, for values of 0 to 255.
    public var step = 1.5
    /// The side of a corner stamp in pixels.
    public var size = 3
    /// The number of stamped corners: 1 for the lower right one, 4 for all.
    public var corners = 4
    /// The value that the corners add and subtract, over 0 and up to 255; 255 makes them black and
    /// white.
    public var amplitude = 255.0

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("norm", \.norm, "Norm that limits the perturbation."),
        PluginOption(
          "epsilon", \.epsilon,
          "Largest perturbation, on the scale 0 to 255; about 300 for l2, 0 for "
            + "none."),
        PluginOption("steps", \.steps, "Steps of gradient ascent."),
        PluginOption("step", \.step, "Length of a step in the norm, on the scale 0 to 255."),
        PluginOption("size", \.size, "Side of a corner patch in pixels."),
        PluginOption("corners", \.corners, "1: the lower right corner only; 4: all corners."),
        PluginOption(
          "amplitude", \.amplitude,
          "Values that corner patches add and subtract; 255 is black and "
            + "white."),
      ]
    }
  }
}
