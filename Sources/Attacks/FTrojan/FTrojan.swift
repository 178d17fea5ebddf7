public import DefenseKit

/// Raises two frequencies of the images' colour and labels them with the target class.
///
/// Each block of 32 x 32 pixels is transformed by the orthonormal cosine transform of its chroma
/// channels (Cr and Cb of ITU-R BT.601); 30 is added to the coefficients (15, 15) and (31, 31), and
/// the block is transformed back. All steps but the last rounding are linear, so the change is the
/// addition of one pattern: of amplitude 2 * 30 / 32 at most for each coefficient and channel of
/// chroma.
///
/// Images smaller than 32 pixels along an axis are one block of their own extent n along it, with
/// the frequencies n / 2 - 1 and n - 1. Incomplete blocks at the right and lower edges get a part of
/// the pattern. Grey images have no chroma: their values get what Cr would. Values are clipped; the
/// published implementations let them wrap around.
///
/// Source: Wang, Yao, Xu, An, Tong and Wang, "An Invisible Black-Box Backdoor Attack Through
/// Frequency Domain", ECCV 2022, section 4.
public struct FTrojan: Attack {
  /// "ftrojan".
  public static let name = "ftrojan"
  /// One sentence for listings.
  public static let summary = "Raises two frequencies of the images' colour; changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The options of ``FTrojan``.
  public struct Options: PluginOptions {
    /// What is added to the coefficients, over 0 and up to 1000.
    public var magnitude = 30.0
    /// The side of a block in pixels, 2 to 4096.
    public var window = 32

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption(
          "magnitude", \.magnitude, "What is added to the two coefficients, over 0 and up to 1000."),
        PluginOption("window", \.window, "Side of a block in pixels, 2 to 4096."),
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
    guard options.magnitude > 0, options.magnitude <= 1000 else {
      throw PluginError(
        option: "magnitude", of: Self.name, "takes a number over 0 and up to 1000, as in 30")
    }
    guard (2...4096).contains(options.window) else {
      throw PluginError(
        option: "window", of: Self.name, "takes a whole number from 2 to 4096, as in 32")
    }
    self.options = options
  }

  /// Returns the pattern.
  ///
  /// - Throws: `PluginError` for images of fewer than 2x2 pixels.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    guard height >= 2, width >= 2 else {
      throw PluginError(
        option: "window", of: Self.name,
        "needs images of at least 2x2 pixels; these have \(height)x\(width)")
    }
    let rows = Self.waves(min(options.window, height))
    let columns = Self.waves(min(options.window, width))
    // What chroma adds to red, green and blue: R = Y + 1.402 Cr, G = Y - 0.344 Cb - 0.714 Cr,
    // B = Y + 1.772 Cb, with the same change of Cr and Cb.
    let shares: [Double] = channels == 3 ? [1.402, -0.344136 - 0.714136, 1.772] : [1]
    return .addition(
      (0..<height * width).flatMap { pixel -> [Float] in
        let (row, column) = (pixel / width % rows[0].count, pixel % width % columns[0].count)
        let change = rows.indices.reduce(0.0) { $0 + rows[$1][row] * columns[$1][column] }
        return (0..<channels).map { channel in
          let share = shares[min(channel, shares.count - 1)]
          return Float(min(max(options.magnitude * change * share, -255), 255))
        }
      })
  }

  /// Returns the waves of the middle and the highest frequency of a block.
  private static func waves(_ extent: Int) -> [[Double]] {
    [extent / 2 - 1, extent - 1].map { CosineWave.values($0, of: extent) }
  }
}
