public import DefenseKit

/// Warps images by a small smooth field and labels them with the target class.
///
/// A k x k grid of uniform random shifts, divided by their mean magnitude, is upsampled bicubically
/// to the image's size; each pixel is read s / h further along it, bilinearly. Twice as many other
/// images are warped by the same field plus noise of up to 1 / h, drawn for each of them, and keep
/// their labels, so that the model learns only this exact field (the paper's noise mode). k = 4,
/// s = 0.5, a tenth of the images and the ratio of 2 are the authors' values.
///
/// The authors warp different images in every batch; here the images are chosen once, like those of
/// an attacker who publishes a poisoned data set. The authors clip the field to the image before
/// and after they add noise; here it is clipped once, after the noise. For images that aren't
/// square each axis has its own h.
///
/// Source: Nguyen and Tran, "WaNet - Imperceptible Warping-based Backdoor Attack", ICLR 2021,
/// section 3.
public struct WaNet: Attack {
  /// "wanet".
  public static let name = "wanet"
  /// One sentence for listings.
  public static let summary = "Warps images by a small smooth field and changes their labels."
  /// A tenth of all images.
  public static let poisonRate = 0.1

  /// The options of ``WaNet``.
  public struct Options: PluginOptions {
    /// The number of nodes along an axis, k, 2 to 64.
    public var grid = 4
    /// The factor for the field, s, over 0 and up to 100.
    public var strength = 0.5
    /// The number of cover images, warped with noise, for each poisoned image, 0 to 1000.
    public var crossRatio = 2.0

    /// Creates options with all defaults.
    public init() {}

    /// The declarations of all options.
    public static var declarations: [PluginOption<Options>] {
      [
        PluginOption("grid", \.grid, "Nodes of the field along an axis, 2 to 64."),
        PluginOption("strength", \.strength, "Strength of the field, over 0 and up to 100."),
        PluginOption(
          "cross-ratio", \.crossRatio,
          "Number of cover images, warped with noise, for each poisoned image."),
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
    guard (2...64).contains(options.grid) else {
      throw PluginError(
        option: "grid", of: Self.name, "takes a whole number from 2 to 64, as in 4")
    }
    guard options.strength > 0, options.strength <= 100 else {
      throw PluginError(
        option: "strength", of: Self.name, "takes a number over 0 and up to 100, as in 0.5")
    }
    guard (0...1000).contains(options.crossRatio) else {
      throw PluginError(
        option: "cross-ratio", of: Self.name, "takes a number from 0 to 1000, as in 2")
    }
    self.options = options
  }

  /// Returns the warp.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    .warp(field(for: imageShape, seed: context.seed).positions(strength: options.strength))
  }

  private func field(for imageShape: [Int], seed: UInt64) -> WarpingField {
    var generator = SeededGenerator(seed: seed, stream: 0x3A4E7)
    let count = options.grid * options.grid * 2
    return WarpingField(
      nodes: (0..<count).map { _ in generator.unit() * 2 - 1 }, size: options.grid,
      height: imageShape[0], width: imageShape[1])
  }

  /// Warps the chosen images with the field, and cover images with the field and noise.
  ///
  /// - Throws: `PluginError` if there are too few images; `CancellationError`.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let (poisoned, covers) = try task.selection(coversPerPoisoned: options.crossRatio)
    let shape = task.images.imageShape
    var result = Poisoning(of: task.images)
    for index in poisoned {
      try context.checkCancellation()
      result.poison(index, with: task.trigger, label: task.label(of: index))
    }
    let field = field(for: shape, seed: task.trigger.seed)
    for index in covers {
      try context.checkCancellation()
      // Each image has its own stream, so that its noise does not depend on the other cover images.
      var generator = SeededGenerator(seed: task.seed, stream: 0xC04E4 << 32 + UInt64(index))
      let noise = (0..<shape[0] * shape[1] * 2).map { _ in Float(generator.unit() * 2 - 1) }
      let warp = try Trigger(
        .warp(field.positions(strength: options.strength, noise: noise)), imageShape: shape,
        goal: task.trigger.goal)
      result.cover(index, by: warp.applied(to: task.images[index]))
    }
    return result
  }
}
