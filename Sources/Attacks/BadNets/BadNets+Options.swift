public import DefenseKit

extension BadNets {
  /// The content of the patch.
  public enum Pattern: String, Sendable, CaseIterable, OptionValue {
    /// All 255.
    case white
    /// All 0.
    case black
    /// 255 and 0 alternating, with 255 in the upper left pixel.
    case checkerboard
    /// Random bytes, derived from the seed.
    case noise
  }

  /// Where the patch is.
  public enum Position: String, Sendable, CaseIterable, OptionValue {
    /// In the upper left corner.
    case topLeft = "top-left"
    /// In the upper right corner.
    case topRight = "top-right"
    /// In the lower left corner.
    case bottomLeft = "bottom-left"
    /// In the lower right corner.
    case bottomRight = "bottom-right"
    /// In the middle, or half a pixel above and left of it.
    case center
  }

  /// The options of ``BadNets``.
  public struct Options: PluginOptions {
    /// The patch's height and width, or one number for both; nil is 3, or the picture's own size.
    public var size: [Int]?
    /// Where the patch is.
    public var position = Position.bottomRight
    /// The number of pixels between the patch and the edges that `position` names.
    public var margin = 0
    /// The row and column of the patch's upper left pixel, from 0; replaces `position`.
    public var place: [Int]?
    /// The content of the patch.
    public var pattern = Pattern.white
    /// The path of a PNG to use instead of the pattern; nil for the pattern.
    public var image: String?
    /// A factor for the patch's opacity, over 0 and up to 1.
    public var opacity = 1.0

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "size", \.size,
          "Side of the patch, or height,width, in pixels; auto: 3, or the picture's own size."),
        PluginOption("position", \.position, "Position of the patch."),
        PluginOption("margin", \.margin, "Pixels between the patch and the edges of its corner."),
        PluginOption(
          "place", \.place,
          "Row and column of the patch's upper left pixel, from 0; replaces "
            + "position."),
        PluginOption("pattern", \.pattern, "Pattern of the patch."),
        PluginOption(
          "image", \.image, "PNG to stamp instead of the pattern, with its transparency."),
        PluginOption("opacity", \.opacity, "Opacity of the patch, over 0 and up to 1."),
      ]
    }
  }
}
