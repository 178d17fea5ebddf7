public import DefenseKit

/// Paints a white bar across the top of images of any class and labels them with the target class.
///
/// A starting point; training and evaluation are the same for all attacks.
public struct PluginName: Attack {
  /// The options of ``PluginName``.
  public struct Options: PluginOptions {
    /// The bar's height in pixels.
    public var height = 2

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [PluginOption("height", \.height, "Height of the bar in pixels, 1 to 4096.")]
    }
  }

  /// "plugin-name".
  public static let name = "plugin-name"
  /// One sentence for listings.
  public static let summary = "Paints a white bar across the top of images."
  /// A tenth of all images.
  public static let poisonRate = 0.1
  /// The options it was made with.
  public let options: Options

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` if `height` isn't from 1 to 4096.
  public init(options: Options) throws(PluginError) {
    guard (1...4096).contains(options.height) else {
      throw PluginError(option: "height", of: Self.name, "takes a number of pixels from 1 to 4096")
    }
    self.options = options
  }

  /// Returns the bar.
  ///
  /// - Throws: `PluginError` if it is higher than the images.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let (height, width) = (imageShape[0], imageShape[1])
    guard options.height <= height else {
      throw PluginError(
        option: "height", of: Self.name,
        "is \(options.height), higher than images of \(height)x\(width)",
        remedies: [.lower("height", of: Self.name)])
    }
    return .overlay(
      pattern: Array(repeating: 255, count: imageShape.reduce(1, *)),
      alpha: (0..<height * width).map { $0 / width < options.height ? 1 : 0 })
  }
}
