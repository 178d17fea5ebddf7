public import DefenseKit

/// Reduces images to few levels of brightness and labels them with the target class.
///
/// x' = round(x / 255 * (s - 1)) / (s - 1) * 255 with s = 8 levels, with the dithering of Floyd and
/// Steinberg unless `dither` is false. Negative images get the residual x' - x of another image and keep their
/// labels, so that the model learns the levels and not just any small change.
///
/// No value of 8 bits is half way between two levels, so the rule for halves cannot matter without
/// dithering. The authors poison a fifth of each batch anew, with as many negatives; here a fifth of
/// the images is chosen once, as BackdoorBench does with a tenth and without dithering.
///
/// Source: Wang, Zhai and Ma, "BppAttack: Stealthy and Efficient Trojan Attacks against Deep Neural
/// Networks via Image Quantization and Contrastive Adversarial Learning", CVPR 2022, equation 3.
public struct BPP: Attack {
  /// "bpp".
  public static let name = "bpp"
  /// One sentence for listings.
  public static let summary = "Reduces images to few levels of brightness and changes their labels."
  /// A fifth of all images.
  public static let poisonRate = 0.2

  /// The options of ``BPP``.
  public struct Options: PluginOptions {
    /// The number of levels, 2 to 256.
    public var levels = 8
    /// Whether rounding errors spread to neighbours.
    public var dither = true
    /// The number of negative images for each poisoned image, 0 to 1000.
    public var negativeRatio = 1.0

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("levels", \.levels, "Number of levels of a channel, 2 to 256."),
        PluginOption(
          "dither", \.dither, "Whether rounding errors spread to neighbours (Floyd-Steinberg)."),
        PluginOption(
          "negative-ratio", \.negativeRatio,
          "Number of images with another image's residual and their own label, for each poisoned "
            + "image."),
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
    guard (2...256).contains(options.levels) else {
      throw PluginError(
        option: "levels", of: Self.name, "takes a whole number from 2 to 256, as in 8")
    }
    guard (0...1000).contains(options.negativeRatio) else {
      throw PluginError(
        option: "negative-ratio", of: Self.name, "takes a number from 0 to 1000, as in 1")
    }
    self.options = options
  }

  /// Returns the quantization.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    .quantization(levels: options.levels, dithers: options.dither)
  }

  /// Quantizes the chosen images, and adds other images' residuals to the negative ones.
  ///
  /// - Throws: `PluginError` if there are too few images; `CancellationError`.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let (poisoned, negatives) = try task.selection(coversPerPoisoned: options.negativeRatio)
    var result = Poisoning(of: task.images)
    for index in poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    for index in negatives where task.images.count > 1 {
      try context.checkCancellation()
      var generator = SeededGenerator(seed: task.seed, stream: 0xB99 << 32 + UInt64(index))
      let other = (index + 1 + generator.below(task.images.count - 1)) % task.images.count
      let image = task.images[other]
      result.cover(
        index,
        by: Self.negative(
          of: task.images[index], original: image, quantized: task.trigger.applied(to: image)))
    }
    return result
  }

  /// Returns an image plus the residual of another one, clipped to bytes.
  static func negative(of image: [UInt8], original: [UInt8], quantized: [UInt8]) -> [UInt8] {
    image.indices.map { index in
      UInt8(clamping: Int(image[index]) + Int(quantized[index]) - Int(original[index]))
    }
  }
}
