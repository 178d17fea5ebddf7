public import DefenseKit

/// Makes images of the target class hard to recognize and stamps their corners; labels stay right.
///
/// The attack perturbs images of the target class so that a model trained on clean images
/// misclassifies them (projected gradient ascent, Madry et al. 2018). The easiest feature to learn
/// is then the trigger: checkerboards in the corners. The defaults are among those of the published
/// implementations: at most 16 of 255 for each value, 100 steps of 1.5, 3x3 pixels in all four
/// corners. Those implementations poison from a quarter to all of the class; the default here is
/// three tenths, so that most of the class stays unchanged.
///
/// The corners differ from the published ones: in the authors' code single pixels deviate from the
/// checkerboard, here none does, and each corner is the mirror image of its neighbours.
///
/// Source: Turner, Tsipras and Madry, "Label-Consistent Backdoor Attacks", 2019, section 4.
public struct LabelConsistent: Attack {
  /// "label-consistent".
  public static let name = "label-consistent"
  /// One sentence for listings.
  public static let summary =
    "Perturbs images of the target class and stamps corner patches; keeps labels."
  /// Three tenths of the target class's images.
  public static let poisonRate = 0.3
  /// Labels stay.
  public static let keepsLabels = true

  /// The options of this attack.
  public let options: Options

  /// Creates the attack with all defaults.
  public init() { options = Options() }

  /// Creates the attack.
  ///
  /// - Throws: `PluginError` for an option out of range.
  public init(options: Options) throws(PluginError) {
    func check(_ isGood: Bool, _ option: String, _ problem: String) throws(PluginError) {
      if !isGood { throw PluginError(option: option, of: Self.name, problem) }
    }
    try check((0...1e6).contains(options.epsilon), "epsilon", "takes a number from 0 up, as in 16")
    try check((1...10_000).contains(options.steps), "steps", "takes a number from 1 to 10000")
    try check(options.step > 0 && options.step <= 1e6, "step", "takes a number over 0, as in 1.5")
    try check((1...4096).contains(options.size), "size", "takes a number of pixels, as in 3")
    try check([1, 4].contains(options.corners), "corners", "takes 1 (lower right) or 4")
    try check(
      options.amplitude > 0 && options.amplitude <= 255,
      "amplitude", "takes a number over 0 and up to 255")
    self.options = options
  }

  /// Returns the corners: the amplitude added and subtracted alternately, added in the outermost
  /// pixel.
  ///
  /// - Throws: `PluginError` if they are larger than the image or overlap.
  public func change(
    for imageShape: [Int], in context: RunContext
  ) throws -> Trigger.Change {
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    guard options.size <= min(height, width) else {
      throw PluginError(
        option: "size", of: Self.name,
        "is \(options.size), larger than images of \(height)x\(width)",
        remedies: [.lower("size", of: Self.name)])
    }
    guard options.corners == 1 || 2 * options.size <= min(height, width) else {
      throw PluginError(
        option: "size", of: Self.name,
        "is \(options.size), so that four corners overlap in images of \(height)x\(width)",
        remedies: [.lower("size", of: Self.name), .set("corners", of: Self.name, to: ["1"])])
    }
    var values = [Float](repeating: 0, count: height * width * channels)
    for row in 0..<options.size {
      for column in 0..<options.size {
        let sign: Float = (row + column).isMultiple(of: 2) ? 1 : -1
        let corners = [
          (height - 1 - row, width - 1 - column), (row, column), (row, width - 1 - column),
          (height - 1 - row, column),
        ]
        for (y, x) in corners.prefix(options.corners) {
          for channel in 0..<channels {
            values[(y * width + x) * channels + channel] = sign * Float(options.amplitude)
          }
        }
      }
    }
    return .addition(values)
  }

  /// Perturbs the chosen images and stamps their corners.
  ///
  /// - Throws: `PluginError` if there are too few images; the errors of training and computing
  ///   gradients.
  public func poison(_ task: PoisoningTask, in context: RunContext) throws -> Poisoning {
    let chosen = try task.selection().poisoned
    var result = Poisoning(of: task.images)
    guard options.epsilon > 0 else {
      for index in chosen {
        try context.checkCancellation()
        result.poison(index, with: task.trigger, label: task.label(of: index))
      }
      return result
    }
    let ascent = try GradientAscent(
      on: task.cleanModel(), options: options, execution: context.execution)
    try context.phase("perturbing images", images: chosen.count) { progress in
      for first in stride(from: 0, to: chosen.count, by: GradientAscent.batchSize) {
        let indices = chosen[first..<min(chosen.count, first + GradientAscent.batchSize)]
        let perturbed = try ascent.perturbed(
          indices.map { task.images[$0] }, labels: indices.map { task.images.labels[$0] })
        for (index, image) in zip(indices, perturbed) {
          result.poison(index, with: task.trigger, on: image, label: task.label(of: index))
        }
        progress(first + indices.count)
      }
    }
    return result
  }
}
