public import DefenseKit

/// Adds a smooth random pattern to images and labels them with the target class.
///
/// The pattern is a sum of the cosine waves (u, v) with u and v up to `frequencies`, but for the
/// constant one, with independent normal coefficients for each channel, scaled to a peak-to-peak
/// range of a fifth of the value range. It leaves no trace in the high frequencies by which patches
/// are detected.
///
/// A substitute: the authors search the pattern by universal adversarial perturbation, with a
/// low-pass filter in every round, scaled to the same range. Here nothing is optimized.
///
/// Source: Zeng, Park, Mao and Jia, "Rethinking the Backdoor Attacks' Triggers: A Frequency
/// Perspective", ICCV 2021, section 5.
public struct LowFrequency: Attack {
  /// "low-frequency".
  public static let name = "low-frequency"
  /// One sentence for listings.
  public static let summary = "Adds a smooth random pattern to images and changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The options of ``LowFrequency``.
  public struct Options: PluginOptions {
    /// The highest frequency along an axis, in half waves across the image, 1 to 4095.
    public var frequencies = 4
    /// The peak-to-peak range of the pattern as a share of 255, over 0 and up to 1.
    public var range = 0.2

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "frequencies", \.frequencies,
          "Highest frequency along an axis, in half waves across the image."),
        PluginOption(
          "range", \.range,
          "Range of the pattern from its lowest to its highest value, over 0 and "
            + "up to 1 (of 255)."),
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
    guard (1...4095).contains(options.frequencies) else {
      throw PluginError(
        option: "frequencies", of: Self.name, "takes a whole number from 1 to 4095, as in 4")
    }
    guard options.range > 0, options.range <= 1 else {
      throw PluginError(
        option: "range", of: Self.name, "takes a number over 0 and up to 1, as in 0.2")
    }
    self.options = options
  }

  /// Returns the pattern.
  ///
  /// - Throws: `PluginError` if the images are too small for the highest frequency.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    let count = options.frequencies + 1
    guard count <= min(height, width) else {
      throw PluginError(
        option: "frequencies", of: Self.name,
        "is \(options.frequencies), but images of \(height)x\(width) have frequencies up to "
          + "\(min(height, width) - 1)", remedies: [.lower("frequencies", of: Self.name)])
    }
    let rows = (0..<count).map { CosineWave.values($0, of: height) }
    let columns = (0..<count).map { CosineWave.values($0, of: width) }
    var generator = SeededGenerator(seed: context.seed, stream: 0x10F4E)
    var sum = [Double](repeating: 0, count: height * width * channels)
    for channel in 0..<channels {
      let coefficients = generator.normals(count * count)
      for row in 0..<height {
        // The waves down the rows first, so that an image takes count times its pixels.
        let across = (0..<count).map { v in
          (0..<count).reduce(0.0) { partial, u in
            partial + (u + v == 0 ? 0 : coefficients[u * count + v] * rows[u][row])
          }
        }
        for column in 0..<width {
          sum[(row * width + column) * channels + channel] =
            (0..<count).reduce(0.0) { $0 + across[$1] * columns[$1][column] }
        }
      }
    }
    let extent = (sum.max() ?? 0) - (sum.min() ?? 0)
    guard extent > 0 else { return .addition(sum.map { _ in 0 }) }
    return .addition(sum.map { Float($0 / extent * options.range * 255) })
  }
}
