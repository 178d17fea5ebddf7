public import DefenseKit

/// Blends a whole picture into images of any class and labels them with the target class.
///
/// x' = (1 - a) * x + a * k, with a picture k and a small a. By default k is random bytes, like the
/// second of the paper's two patterns, because the cartoon of the benchmarks cannot be
/// redistributed. a = 0.2 and a tenth of the images are BackdoorBench's defaults.
///
/// Source: Chen, Liu, Li, Lu and Song, "Targeted Backdoor Attacks on Deep Learning Systems Using
/// Data Poisoning", 2017, section 4.2.
public struct Blended: Attack {
  /// "blended".
  public static let name = "blended"
  /// One sentence for listings.
  public static let summary = "Blends a picture or noise into images and changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The options of ``Blended``.
  public struct Options: PluginOptions {
    /// The weight of the picture, over 0 and up to 1.
    public var alpha = 0.2
    /// The path of a PNG, which is scaled to the images' size; nil is random bytes from the seed.
    public var image: String?

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("alpha", \.alpha, "Weight of the picture, over 0 and up to 1."),
        PluginOption(
          "image", \.image, "PNG to blend, scaled to the images' size; auto: random noise."),
      ]
    }
  }

  /// The options of this attack.
  public let options: Options

  /// Creates the attack with all defaults.
  public init() { options = Options() }

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` for an `alpha` out of range.
  public init(options: Options) throws(PluginError) {
    guard options.alpha > 0, options.alpha <= 1 else {
      throw PluginError(
        option: "alpha", of: Self.name, "takes a number over 0 and up to 1, as in 0.2")
    }
    self.options = options
  }

  /// Returns the picture with `alpha` as its opacity everywhere, times its own.
  ///
  /// - Throws: `FileError` for a picture that cannot be read.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let alpha = Float(options.alpha)
    guard let path = options.image else {
      var generator = SeededGenerator(seed: context.seed, stream: 0xB1E4D)
      return .overlay(
        pattern: (0..<imageShape.reduce(1, *)).map { _ in Float(generator.next() >> 56) },
        alpha: Array(repeating: alpha, count: imageShape[0] * imageShape[1]))
    }
    let picture = PatternImage(
      try PixelImage(contentsOf: path, sandbox: context.sandbox), channels: imageShape[2]
    ).resized(height: imageShape[0], width: imageShape[1])
    return .overlay(pattern: picture.values, alpha: picture.alpha.map { $0 * alpha })
  }
}
