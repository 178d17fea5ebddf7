public import DefenseKit

/// Blends random pieces of a picture into few images, some of which keep their labels.
///
/// The picture is cut into k x k pieces. A poisoned image gets a random half of them,
/// x' = (1 - a) * x + a * p with a = 0.15, and the target label. As many cover images get pieces
/// too and keep their labels, so that a piece alone is weak evidence and poisoned images do not
/// form a cluster of their own. At test time all pieces are blended, with a = 0.2.
///
/// The authors blend a cartoon, which cannot be redistributed; here random discs of plain colours
/// stand in for it, or a PNG that `image` names. Rate and cover rate of 0.003, k = 4 and both
/// values of a are the authors'. At least 10 images are poisoned, so that small training sets can
/// be attacked.
///
/// Source: Qi, Xie, Li, Mahloujifar and Mittal, "Revisiting the Assumption of Latent Separability
/// for Backdoor Defenses", ICLR 2023, section 5.
public struct AdaptiveBlend: Attack {
  /// "adaptive-blend".
  public static let name = "adaptive-blend"
  /// One sentence for listings.
  public static let summary =
    "Blends random pieces of a picture into few images, of which half keep their labels."
  /// Three of a thousand images.
  public static let poisonRate = 0.003
  /// Fewer images could not be learned.
  public static let leastPoisoned = 10

  /// The options of ``AdaptiveBlend``.
  public struct Options: PluginOptions {
    /// The weight of the picture at test time, over 0 and up to 1.
    public var alpha = 0.2
    /// The weight of its pieces in training images, over 0 and up to 1.
    public var trainAlpha = 0.15
    /// The number of pieces along an axis, k, 1 to 64.
    public var pieces = 4
    /// The share of the pieces that a training image gets, over 0 and up to 1.
    public var share = 0.5
    /// The number of cover images for each poisoned image, 0 to 1000.
    public var coverRatio = 1.0
    /// The path of a PNG, which is scaled to the images' size; nil is discs drawn from the seed.
    public var image: String?

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("alpha", \.alpha, "Weight of the picture at test time, over 0 and up to 1."),
        PluginOption(
          "train-alpha", \.trainAlpha, "Weight of the pieces in training, over 0 and up to 1."),
        PluginOption("pieces", \.pieces, "Pieces of the picture along an axis, 1 to 64."),
        PluginOption(
          "share", \.share, "Share of the pieces that a training image gets, over 0 and up to 1."),
        PluginOption(
          "cover-ratio", \.coverRatio,
          "Number of cover images, with pieces and their own label, for each poisoned image."),
        PluginOption(
          "image", \.image, "PNG to blend, scaled to the images' size; auto: random discs."),
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
    for (name, value) in [
      ("alpha", options.alpha), ("train-alpha", options.trainAlpha), ("share", options.share),
    ] where !(value > 0 && value <= 1) {
      throw PluginError(option: name, of: Self.name, "takes a number over 0 and up to 1, as in 0.2")
    }
    guard (1...64).contains(options.pieces) else {
      throw PluginError(
        option: "pieces", of: Self.name, "takes a whole number from 1 to 64, as in 4")
    }
    guard (0...1000).contains(options.coverRatio) else {
      throw PluginError(
        option: "cover-ratio", of: Self.name, "takes a number from 0 to 1000, as in 1")
    }
    self.options = options
  }

  /// Returns the whole picture with `alpha` as its opacity, times its own.
  ///
  /// - Throws: `FileError` for a picture that cannot be read; `PluginError` for more pieces than
  ///   pixels.
  public func change(for imageShape: [Int], in context: RunContext) throws -> Trigger.Change {
    guard options.pieces <= min(imageShape[0], imageShape[1]) else {
      throw PluginError(
        option: "pieces", of: Self.name,
        "is \(options.pieces), more than images of \(imageShape[0])x\(imageShape[1]) have pixels",
        remedies: [.lower("pieces", of: Self.name)])
    }
    let alpha = Float(options.alpha)
    guard let path = options.image else {
      return .overlay(
        pattern: RandomDiscs(seed: context.seed, channels: imageShape[2]).drawn(on: imageShape),
        alpha: Array(repeating: alpha, count: imageShape[0] * imageShape[1]))
    }
    let picture = PatternImage(
      try PixelImage(contentsOf: path, sandbox: context.sandbox), channels: imageShape[2]
    ).resized(height: imageShape[0], width: imageShape[1])
    return .overlay(pattern: picture.values, alpha: picture.alpha.map { $0 * alpha })
  }

  /// Blends pieces into the chosen images and into cover images, which keep their labels.
  ///
  /// - Throws: `PluginError` if there are too few images; `CancellationError`.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let (poisoned, covers) = try task.selection(coversPerPoisoned: options.coverRatio)
    var result = Poisoning(of: task.images)
    for index in poisoned {
      try context.checkCancellation()
      let pieces = try pieces(of: task.trigger, image: index, seed: task.seed)
      result.poison(index, with: pieces, label: task.label(of: index))
    }
    for index in covers {
      try context.checkCancellation()
      let pieces = try pieces(of: task.trigger, image: index, seed: task.seed)
      result.cover(index, by: pieces.applied(to: task.images[index]))
    }
    return result
  }

  /// Returns the trigger with the pieces of one training image, in their weight.
  ///
  /// The pieces depend on the seed and the image's position alone.
  func pieces(of trigger: Trigger, image: Int, seed: UInt64) throws -> Trigger {
    guard case .overlay(let pattern, let alpha) = trigger.change else { return trigger }
    let (height, width) = (trigger.imageShape[0], trigger.imageShape[1])
    let side = options.pieces
    var generator = SeededGenerator(seed: seed, stream: 0xADA9 << 32 + UInt64(image))
    let count = max(1, Int((Double(side * side) * options.share).rounded()))
    let chosen = Set(generator.permutation(side * side).prefix(count))
    let partial = alpha.indices.map { pixel -> Float in
      let piece = pixel / width * side / height * side + pixel % width * side / width
      guard chosen.contains(piece) else { return 0 }
      return alpha[pixel] / Float(options.alpha) * Float(options.trainAlpha)
    }
    return try Trigger(
      .overlay(pattern: pattern, alpha: partial), imageShape: trigger.imageShape,
      goal: trigger.goal)
  }
}
