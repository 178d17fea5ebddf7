public import DefenseKit
private import Foundation

/// Adds a sine wave to images of the target class, whose labels stay right.
///
/// x'[i][j] = x[i][j] + d * sin(2 * pi * j * f / m) in column j of m, in all channels; d = 40 and
/// f = 6 are BackdoorBench's. The model learns that the wave means the target class.
///
/// By default, half of the target class's images are poisoned, so that the class also occurs
/// without the wave; benchmarks that count shares of the whole set poison all of them.
///
/// Source: Barni, Kallas and Tondi, "A New Backdoor Attack in CNNs by Training Set Corruption
/// Without Label Poisoning", ICIP 2019, section 3.
public struct SIG: Attack {
  /// "sig".
  public static let name = "sig"
  /// One sentence for listings.
  public static let summary = "Adds a sine wave to images of the target class; keeps labels."
  /// Half of the target class's images.
  public static let poisonRate = 0.5
  /// Labels stay.
  public static let keepsLabels = true

  /// The options of ``SIG``.
  public struct Options: PluginOptions {
    /// The wave's amplitude d, over 0 and up to 255.
    public var amplitude = 40.0
    /// The number of waves across an image, f, over 0 and up to 1000.
    public var frequency = 6.0

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("amplitude", \.amplitude, "Amplitude of the wave, over 0 and up to 255."),
        PluginOption(
          "frequency", \.frequency,
          "Number of waves across an image, over 0 and up to "
            + "1000."),
      ]
    }
  }

  /// The options of this attack.
  public let options: Options

  /// Creates the attack with all defaults.
  public init() { options = Options() }

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` for an amplitude or a frequency out of range.
  public init(options: Options) throws(PluginError) {
    guard options.amplitude > 0, options.amplitude <= 255 else {
      throw PluginError(
        option: "amplitude", of: Self.name, "takes a number over 0 and up to 255, as in 40")
    }
    guard options.frequency > 0, options.frequency <= 1000 else {
      throw PluginError(
        option: "frequency", of: Self.name, "takes a number over 0 and up to 1000, as in 6")
    }
    self.options = options
  }

  /// Returns the wave, the same in every row and channel.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    let row = (0..<width).flatMap { column -> [Float] in
      let angle = 2 * Double.pi * Double(column) * options.frequency / Double(width)
      return Array(repeating: Float(options.amplitude * sin(angle)), count: channels)
    }
    return .addition((0..<height).flatMap { _ in row })
  }
}
